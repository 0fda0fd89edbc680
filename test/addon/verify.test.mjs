// Verifying a fix on a real gopls: the whole source of gopls in memory before, a part of it by `directoryFilters` after.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource, repo } from '../tools/lib/paths.mjs';
import { addon, coreOptions, eventually, failure, scratchFolder, value } from './support/core.mjs';

const MINUTE = 60_000;
const MB = 1e6;
const FILE = 'internal/protocol/protocol.go';
const FIX = { directoryFilters: ['-', '+internal/protocol', '+internal/jsonrpc2'] };
const HOVERS = 5;

test('fewer directories in the workspace: a fix that works is told, with what was changed', async (t) => {
  const folder = scratchFolder(t);
  const storage = path.join(folder, 'storage');
  const options = coreOptions(storage, { workspace: [goplsSource()] });
  let core = addon.createCore(options);
  value(core.start(() => {}));
  t.after(() => core.stop());

  const withGopls = async (settings, work) => {
    const gopls = new Gopls({
      executable: goplsFile(),
      workspace: goplsSource(),
      cache: path.join(folder, 'cache'),
      settings,
    });
    try {
      await gopls.initialize();
      const document = gopls.open(FILE);
      const ready = () => core.status().gopls?.pid === gopls.pid && core.status().gopls.debug.state === 'on';
      await eventually('gopls and its debug server', ready, MINUTE);
      await gopls.hover(document.uri, position(document.text));
      await eventually('the end of the load', () => !core.status().loading, 2 * MINUTE);
      return await work(gopls, document);
    } finally {
      await gopls.kill();
    }
  };
  const run = async (id, side, settings, { gopls, document }) => {
    const begun = value(await core.verify({ step: 'begin-run', id, side, settings }));
    assert.equal(begun.recording, true);
    assert.equal(failure(await core.verify({ step: 'begin-run', id, side, settings })).code, 'run-goes-on');
    for (let n = 0; n < HOVERS; n += 1) {
      core.observed('textDocument/hover', document.uri, 1);
      await gopls.hover(document.uri, position(document.text));
      await sleep(300);
    }
    return value(await core.verify({ step: 'end-run', id }));
  };

  const start = { title: 'Fewer directories', goal: 'memory' };
  const { verification } = value(await core.verify({ step: 'start', start }));
  const { id } = verification;
  assert.equal(failure(await core.verify({ step: 'end-run', id })).code, 'no-run');

  await withGopls({}, async (gopls, document) => {
    // A run whose record is lost with the window is begun again, and the verification goes on.
    value(await core.verify({ step: 'begin-run', id, side: 'before', settings: {} }));
    value(await core.stop());
    core = addon.createCore(options);
    value(core.start(() => {}));
    await eventually('gopls again', () => core.status().gopls?.debug.state === 'on', MINUTE);
    const after = value(await core.verify({ step: 'look', id }));
    assert.deepEqual([after.recording, after.verification.open?.side], [false, 'before']);
    assert.equal(failure(await core.verify({ step: 'end-run', id })).code, 'no-run');

    const before = await run(id, 'before', { 'gopls.directoryFilters': '[]' }, { gopls, document });
    assert.equal(before.comparison, null);
    const [first] = before.verification.before;
    assert.equal(first.figures.gopls.pid, gopls.pid);
    assert.equal(first.figures.waits['textDocument/hover'], HOVERS);
    assert.ok(first.figures.longest.duration_ns >= first.figures.median_wait_ns);
    assert.ok(first.figures.peak_rss_bytes > first.end.live_bytes, 'RSS holds the live heap');
    assert.ok(first.end.goroutines >= 5 && first.end.goroutines < 500, `${first.end.goroutines} goroutines`);
    assert.ok(fs.existsSync(path.join(storage, 'verifications', `${id}.json`)));
  });

  const view = await withGopls(FIX, (gopls, document) =>
    run(id, 'after', { 'gopls.directoryFilters': JSON.stringify(FIX.directoryFilters) }, { gopls, document }),
  );
  if (process.env.STALLSCOPE_RECORD) record(view);
  const { comparison, verification: whole } = view;
  const live = comparison.measures.find(({ measure }) => measure === 'live-heap');
  t.diagnostic(`live heap ${live.before_median / MB} MB before, ${live.after_median / MB} MB after`);
  assert.equal(comparison.verdict, 'better');
  assert.equal(live.told, 'better');
  assert.ok(live.before_median - live.after_median > 50 * MB, JSON.stringify(live));
  assert.equal(comparison.chance, 1);
  const goroutines = comparison.measures.find(({ measure }) => measure === 'goroutines');
  const [after] = whole.after;
  assert.deepEqual(goroutines.after, [after.end.goroutines]);
  const page = value(await core.incident(after.end.incident)).captures.find(
    ({ kind }) => kind === 'goroutines',
  );
  const text = fs.readFileSync(path.join(storage, 'incidents', after.end.incident, page.file), 'utf8');
  assert.match(text, new RegExp(`^goroutine profile: total ${after.end.goroutines}\n`));
  assert.deepEqual(
    comparison.changed.map(({ name, before }) => [name, before]),
    [['gopls.directoryFilters', '[]']],
  );
  assert.ok(comparison.cautions.some(({ kind }) => kind === 'one-run-each'));
  assert.ok(!comparison.cautions.some(({ kind }) => kind === 'same-process' || kind === 'gopls-ended'));

  // The two heaps can be looked at side by side, and their difference is the one that is told.
  const { base, heap } = comparison;
  const query = {
    sample_type: 'inuse_space',
    sort: 'flat',
    descending: true,
    filter: '',
    offset: 0,
    limit: 5,
  };
  const diff = value(await core.heapDiff(heap, { ...query, by: 'subsystem', normalize: false }, base));
  assert.equal(diff.total, live.after_median - live.before_median);

  assert.deepEqual(
    value(await core.verifications()).map((one) => one.id),
    [id],
  );
  assert.equal(whole.after.length, 1);
  value(await core.deleteVerification(id));
  assert.deepEqual(value(await core.verifications()), []);
});

/** For the panel's tests, without the paths of this machine. */
function record(view) {
  const recorded = structuredClone(view);
  const { verification } = recorded;
  verification.workspace = ['/src/gopls'];
  for (const { figures } of [...verification.before, ...verification.after]) figures.gopls.exe = 'gopls';
  const file = path.join(repo, 'test/panel/recorded/verification.json');
  fs.writeFileSync(file, `${JSON.stringify(recorded, null, 1)}\n`);
}

function position(text) {
  const lines = text.split('\n');
  const line = lines.findIndex((candidate) => candidate.startsWith('func '));
  return { line, character: lines[line].indexOf('func ') + 6 };
}
