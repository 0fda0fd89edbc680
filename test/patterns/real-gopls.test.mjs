// The leak patterns on what a real gopls answers about its workspace, and on its own heap: a workspace of very many
// modules, one very large file, and modules opened one by one. (The leaks themselves need a process that leaks on
// request: native/cli/tests/patterns.rs.)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Gopls } from '../lib/gopls.mjs';
import { cli, gopls, repo } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';

/** A folder with these files and a gopls that has loaded it; both are gone after the test. */
async function loaded(t, files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-patterns-'));
  const workspace = path.join(folder, 'workspace');
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
    fs.writeFileSync(path.join(workspace, name), text);
  }
  const server = new Gopls({ executable: gopls(), workspace, cache: path.join(folder, 'cache') });
  t.after(async () => {
    await server.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  });
  await server.initialize();
  return { server, folder };
}

const command = (server, name) =>
  server.request('workspace/executeCommand', { command: `gopls.${name}`, arguments: [] });

/** A rule of a user's, which makes a fact visible. */
const VIEWS_AGAIN = {
  id: 'views-again',
  severity: 'low',
  title: { en: 'Views were created again' },
  why: { en: 'Their modules were closed and opened.' },
  what_to_do: { en: 'Nothing.' },
  when: [{ kind: 'fact', fact: 'views_recreated', at_least: 1 }],
};

/** Our rule by its facts alone: how much types hold at one moment is up to gopls's work at that moment. */
function duplicatedByFacts() {
  const file = path.join(repo, 'native/core/rules/leak-patterns.json');
  const rule = JSON.parse(fs.readFileSync(file, 'utf8')).rules.find(({ id }) => id === 'duplicated-packages');
  return { ...rule, when: rule.when.filter(({ kind }) => kind.startsWith('fact')) };
}

/** What `stallscope patterns` says of the profile that gopls serves after a GC, and of its facts. */
async function judged({ server, folder }, more = []) {
  const page = await fetch(`${await server.debugAddress()}/debug/pprof/heap?gc=1`);
  const profile = path.join(folder, 'heap.pb.gz');
  fs.writeFileSync(profile, Buffer.from(await page.arrayBuffer()));
  const facts = path.join(folder, 'facts.json');
  const answers = {
    workspace_stats: await command(server, 'workspace_stats'),
    views: await command(server, 'views'),
    gopls_processes: 1,
  };
  fs.writeFileSync(facts, JSON.stringify(answers));
  const ours = path.join(folder, 'rules.json');
  fs.writeFileSync(ours, JSON.stringify({ format: 1, rules: more }));
  const { stdout } = await run(cli, ['patterns', '--json', profile, '--facts', facts, '--rules', ours]);
  return JSON.parse(stdout);
}

const rules = ({ findings }) => findings.map(({ rule }) => rule).sort();
const measured = ({ findings }, rule, name) =>
  findings.find((finding) => finding.rule === rule).measured.find((value) => value.name === name).value;

test('very many modules and a very large file are found in a real gopls', async (t) => {
  const modules = Array.from({ length: 52 }, (_, i) => `module${i}`);
  const files = { 'go.work': `go 1.23\n\nuse (\n${modules.map((name) => `\t./${name}\n`).join('')})\n` };
  for (const name of modules) {
    files[`${name}/go.mod`] = `module example.com/${name}\n\ngo 1.23\n`;
    files[`${name}/main.go`] = `package ${name}\n\n// F is hovered.\nfunc F() {}\n`;
  }
  const functions = Array.from(
    { length: 80_000 },
    (_, i) => `func Generated${i}(a, b int) int {\n\treturn a*${i} + b\n}\n`,
  );
  files['module0/generated.go'] = `package module0\n\n${functions.join('\n')}`;
  assert.ok(files['module0/generated.go'].length > 4_000_000);
  const session = await loaded(t, files);
  const { uri } = session.server.open('module0/main.go');
  assert.ok(await session.server.hover(uri, { line: 3, character: 5 }), 'it is loaded');
  const judgement = await judged(session);
  assert.deepEqual(rules(judgement), ['large-file', 'many-modules']);
  assert.equal(measured(judgement, 'many-modules', 'workspace_modules'), 52);
  const size = files['module0/generated.go'].length;
  const largest = measured(judgement, 'large-file', 'largest_object');
  assert.ok(largest >= size && largest < 1.1 * size, `${largest} for a file of ${size} bytes`);
});

test('modules opened one by one are views with the same packages, and count when they are opened again', async (t) => {
  const files = {};
  const names = ['one', 'two', 'three'];
  for (const name of names) {
    files[`${name}/go.mod`] = `module example.com/${name}\n\ngo 1.23\n`;
    files[`${name}/main.go`] =
      `package ${name}\n\nimport "net/http"\n\n// F is hovered.\nfunc F(*http.Request) {}\n`;
  }
  const session = await loaded(t, files);
  const { server } = session;
  const open = async () => {
    const uris = names.map((name) => server.open(`${name}/main.go`).uri);
    for (const uri of uris) assert.ok(await server.hover(uri, { line: 5, character: 5 }), 'it is loaded');
    return uris;
  };
  const uris = await open();
  const first = await judged(session, [VIEWS_AGAIN, duplicatedByFacts()]);
  assert.deepEqual(rules(first), ['duplicated-packages']);
  assert.ok(measured(first, 'duplicated-packages', 'views') >= names.length);
  const times = measured(first, 'duplicated-packages', 'compiled_go_files_per_files');
  assert.ok(times > 2.5 && times <= names.length, `nearly all of it is the standard library: ${times}`);

  for (const uri of uris) server.notify('textDocument/didClose', { textDocument: { uri } });
  await open();
  const second = await judged(session, [VIEWS_AGAIN]);
  assert.equal(measured(second, VIEWS_AGAIN.id, 'views_recreated'), names.length);
});
