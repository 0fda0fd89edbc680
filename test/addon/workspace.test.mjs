// What a real gopls says of its workspace, given to the core as the editor does: leak patterns are judged on it, now and
// with the incident that was closed just before; and our question is nobody's wait.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Gopls } from '../lib/gopls.mjs';
import { GOPLS_VERSION, gopls as goplsFile } from '../tools/lib/paths.mjs';
import { addon, coreOptions, EventLog, eventually, failure, scratchFolder, value } from './support/core.mjs';

const MINUTE = 60_000;
/** The answers are the same fields in all of them: `npm run test:matrix` names one after the other. */
const VERSION = process.env.STALLSCOPE_GOPLS_VERSION ?? GOPLS_VERSION;
/** What `many-modules` asks for, and some. */
const MANY = 52;

const ofModule = (name) => ({
  [`${name}/go.mod`]: `module example.test/${name}\n\ngo 1.22\n`,
  [`${name}/main.go`]: `package ${name}\n\n// F is hovered.\nfunc F() {}\n`,
});

/** A core, and a gopls that has loaded these files under it. */
async function loaded(t, files) {
  const folder = scratchFolder(t);
  const workspace = path.join(folder, 'workspace');
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
    fs.writeFileSync(path.join(workspace, name), text);
  }
  const events = new EventLog();
  const core = addon.createCore(coreOptions(path.join(folder, 'storage'), { workspace: [workspace] }));
  value(core.start(events.receive));
  const gopls = new Gopls({
    executable: goplsFile(VERSION),
    workspace,
    cache: path.join(folder, 'cache'),
  });
  t.after(async () => {
    await core.stop();
    await gopls.kill();
  });
  await gopls.initialize();
  const { uri } = gopls.open('one/main.go');
  await gopls.hover(uri, { line: 3, character: 5 });
  const ready = () => core.status().gopls?.debug.state === 'on' && !core.status().loading;
  await eventually('a gopls that has loaded', ready, MINUTE);
  return { core, gopls, events };
}

/** What the editor gives to the core. */
async function answers(gopls) {
  const ask = (command) =>
    gopls.request('workspace/executeCommand', { command: `gopls.${command}`, arguments: [] });
  const [views, stats] = [await ask('views'), await ask('workspace_stats')];
  return { pid: gopls.pid, workspace_stats: JSON.stringify(stats), views: JSON.stringify(views) };
}

const standing = ({ judgement }, rule) => {
  if (judgement.findings.some((finding) => finding.rule === rule)) return 'found';
  return judgement.clear.includes(rule) ? 'clear' : 'not judged';
};

test(
  `gopls ${VERSION} on a small module: unknown before it was asked, then clear`,
  { timeout: MINUTE },
  async (t) => {
    const { core, gopls, events } = await loaded(t, ofModule('one'));
    const now = async () => standing(value(await core.patterns('en')), 'many-modules');
    assert.equal(await now(), 'not judged');
    value(await core.workspaceAnswered(await answers(gopls)));
    assert.equal(await now(), 'clear');
    const { judgement } = value(await core.patterns('en'));
    assert.deepEqual(judgement.findings, []);
    const stalls = events.all.filter(({ kind }) => kind === 'stall-started');
    assert.ok(!stalls.some(({ method }) => method.includes('executeCommand')), JSON.stringify(stalls));
    assert.ok(!core.status().in_flight.some(({ method }) => method.includes('executeCommand')));
  },
);

test(
  'very many modules are found now, and with the incident that was closed just before',
  { timeout: 2 * MINUTE },
  async (t) => {
    const names = ['one', ...Array.from({ length: MANY - 1 }, (_, i) => `module${i}`)];
    const files = { 'go.work': `go 1.22\n\nuse (\n${names.map((name) => `\t./${name}\n`).join('')})\n` };
    for (const name of names) Object.assign(files, ofModule(name));
    const { core, gopls } = await loaded(t, files);
    const { id } = value(await core.captureNow({ what: 'heap', seconds: null }));
    const kept = async () => standing(value(await core.incidentPatterns(id, 'en')), 'many-modules');
    assert.equal(await kept(), 'not judged', 'gopls was not asked yet');
    value(await core.workspaceAnswered(await answers(gopls)));
    const live = value(await core.patterns('en'));
    assert.equal(standing(live, 'many-modules'), 'found');
    const finding = live.judgement.findings.find(({ rule }) => rule === 'many-modules');
    assert.deepEqual(finding.measured, [{ name: 'workspace_modules', value: MANY, unit: 'count' }]);
    assert.equal(await kept(), 'found', 'when the core has answered, it is on disk');
    const { facts } = value(await core.incident(id)).workspace_facts;
    assert.equal(facts.workspace_modules, MANY);
    assert.equal(facts.gopls_processes, 1);
    assert.ok(
      Object.values(facts).every((fact) => fact === null || typeof fact === 'number'),
      'numbers only',
    );
  },
);

test(
  'what is no answer, or of another gopls, is refused and changes nothing',
  { timeout: MINUTE },
  async (t) => {
    const { core, gopls } = await loaded(t, ofModule('one'));
    const good = await answers(gopls);
    const refused = async (changes) => failure(await core.workspaceAnswered({ ...good, ...changes }));
    assert.equal((await refused({ pid: 1 })).code, 'another-gopls');
    for (const workspace_stats of [
      '',
      '{}',
      '[]',
      'null',
      '{"Files":{"Total":-1,"Largest":0},"Views":null}',
    ]) {
      const { code, message } = await refused({ workspace_stats });
      assert.equal(code, 'not-facts', workspace_stats);
      assert.match(message, /gopls\.workspace_stats/);
    }
    const { message } = await refused({ views: `[${' '.repeat(1 << 20)}]` });
    assert.match(message, /gopls\.views.*at most 1048576 are read/);
    assert.equal(standing(value(await core.patterns('en')), 'many-modules'), 'not judged');
  },
);
