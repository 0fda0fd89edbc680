// What the core reads back from disk: exactly what `go tool pprof` says of the same file, nothing outside of the
// incidents' folder, and a plain answer for what is not there.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pprofTotal } from '../lib/pprof.mjs';
import { RIGHT } from './support/contract.mjs';
import { addon, coreOptions, failure, scratchFolder, value } from './support/core.mjs';
import { BASELINE, HEAP, INCIDENT, PROFILES, writeIncident } from './support/incident.mjs';

const [, ROWS] = RIGHT.heapTable;
const [, TREE] = RIGHT.flame;

function coreOn(storage) {
  return addon.createCore(coreOptions(storage));
}

test('an incident that another program wrote is listed, read and drawn', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const core = coreOn(storage);
  const [summary, ...others] = value(await core.incidents());
  assert.deepEqual(others, []);
  assert.equal(summary.id, INCIDENT);
  assert.equal(summary.method, 'textDocument/hover');
  assert.equal(summary.duration_ns, 4e9);
  assert.equal(summary.has_heap, true);
  assert.equal(summary.problem, null);
  const incident = value(await core.incident(INCIDENT));
  assert.equal(incident.request.line, 7);
  assert.equal(incident.gopls.go_version, null);
  const timeline = value(
    await core.timeline({ incident: INCIDENT, from_ns: null, to_ns: null, points: 4000 }),
  );
  assert.deepEqual(timeline.stalls, [{ incident: INCIDENT, start_ns: 2e9, end_ns: 6e9 }]);
  assert.equal(timeline.rss.length, incident.series.length);
});

for (const sampleType of ['inuse_space', 'inuse_objects', 'alloc_space', 'alloc_objects']) {
  test(`table, flame graph, subsystems and comparison have pprof's total of ${sampleType}`, async (t) => {
    const storage = scratchFolder(t);
    writeIncident(storage);
    const core = coreOn(storage);
    const ref = { incident: INCIDENT, capture: 1 };
    const total = await pprofTotal(path.join(PROFILES, HEAP), sampleType);
    const table = value(await core.heapTable(ref, { ...ROWS, sample_type: sampleType }));
    assert.equal(table.total, total);
    assert.equal(table.sample_type, sampleType);
    const flame = value(await core.flame(ref, { ...TREE, sample_type: sampleType }));
    assert.equal(flame.total, total);
    assert.equal(flame.nodes[0].kind, 'root');
    assert.equal(flame.nodes[0].value, total);
    const parts = value(await core.subsystems(ref, { sample_type: sampleType }));
    assert.equal(parts.total, total);
    assert.equal(
      parts.rows.reduce((sum, row) => sum + row.value, 0),
      total,
    );
    const icicle = value(await core.icicle(ref, { ...TREE, sample_type: sampleType }));
    assert.equal(icicle.nodes[0].value, total);
    const drawn = icicle.nodes.filter(({ kind }) => kind === 'subsystem');
    assert.deepEqual(
      drawn.map(({ subsystem, value: bytes }) => [subsystem, bytes]),
      parts.rows.slice(0, drawn.length).map((row) => [row.subsystem, row.value]),
      'the icicle begins with the rows of the table, in their order',
    );
    const diff = value(await core.heapDiff(ref, { ...ROWS, sample_type: sampleType }, null));
    assert.equal(diff.new_total, total);
    assert.equal(diff.base_total, await pprofTotal(path.join(PROFILES, BASELINE), sampleType));
    assert.equal(diff.total, diff.new_total - diff.base_total);
  });
}

test('a table comes in pages, the same rows whatever their size', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const core = coreOn(storage);
  const ref = { incident: INCIDENT, capture: 1 };
  const page = async (offset, limit) => value(await core.heapTable(ref, { ...ROWS, offset, limit }));
  const whole = await page(0, 1000);
  assert.ok(whole.matched_rows > 100, `${whole.matched_rows}`);
  assert.equal(whole.rows.length, Math.min(whole.matched_rows, 1000));
  const inPages = [...(await page(0, 7)).rows, ...(await page(7, 7)).rows];
  assert.deepEqual(inPages, whole.rows.slice(0, 14));
  assert.deepEqual((await page(whole.matched_rows, 10)).rows, []);
  assert.deepEqual((await page(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)).rows, []);
});

test('the functions of a subsystem add up to it, and each row says which it is mostly of', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const core = coreOn(storage);
  const ref = { incident: INCIDENT, capture: 1 };
  const { rows } = value(await core.subsystems(ref, { sample_type: null }));
  assert.ok(rows.length > 3, JSON.stringify(rows));
  for (const { subsystem, value: bytes } of rows) {
    const query = { ...ROWS, subsystem, with_subsystems: true, limit: 1000 };
    const page = value(await core.heapTable(ref, query));
    assert.equal(page.counted, bytes, subsystem);
    assert.equal(
      page.rows.reduce((sum, row) => sum + row.flat, 0),
      bytes,
      subsystem,
    );
  }
  const all = value(await core.heapTable(ref, { ...ROWS, with_subsystems: true }));
  const ballast = all.rows.find(({ label }) => label === 'ballast');
  assert.equal(ballast.subsystem, 'ballast');
  assert.ok(value(await core.heapTable(ref, ROWS)).rows.every((row) => row.subsystem === undefined));
});

test('what a profile cannot answer is said with the file and the question', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const core = coreOn(storage);
  const ref = { incident: INCIDENT, capture: 1 };
  const unknownType = failure(await core.heapTable(ref, { ...ROWS, sample_type: 'cpu' }));
  assert.equal(unknownType.code, 'profile-query');
  assert.match(unknownType.message, /heap-1\.pb\.gz.*cpu/);
  const unknownPath = failure(await core.flame(ref, { ...TREE, path: ['main.nowhere'] }));
  assert.equal(unknownPath.code, 'profile-query');
  assert.match(unknownPath.message, /main\.nowhere/);
  const nowhere = failure(await core.icicle(ref, { ...TREE, path: ['parsing', 'example.com/none'] }));
  assert.equal(nowhere.code, 'profile-query');
  assert.match(nowhere.message, /example\.com\/none/);
  const unknownPart = failure(await core.heapTable(ref, { ...ROWS, subsystem: 'kitchen' }));
  assert.match(unknownPart.message, /"kitchen".*parsing/);
  const text = failure(await core.heapTable({ incident: INCIDENT, capture: 3 }, ROWS));
  assert.equal(text.code, 'profile-invalid');
  assert.match(text.message, /goroutines-3\.txt/);
  for (const share of [NaN, -1, 2, Infinity]) {
    const flame = value(await core.flame(ref, { ...TREE, min_share: share }));
    assert.equal(flame.nodes[0].value, flame.total, `min_share ${share}`);
  }
});

test('without a baseline there is no comparison, and the answer says why', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage, { withBaseline: false });
  const { code, message } = failure(
    await coreOn(storage).heapDiff({ incident: INCIDENT, capture: 1 }, ROWS, null),
  );
  assert.equal(code, 'no-baseline');
  assert.match(message, new RegExp(`${INCIDENT}.*calm`));
});

test('heap captures of all incidents are listed, newest incident first, and no more than asked for', async (t) => {
  const storage = scratchFolder(t);
  const [older, newer] = ['20261123T041900.123Z-hover-1', '20261125T041900.123Z-hover-1'];
  for (const id of [INCIDENT, newer, older]) writeIncident(storage, { id, withBaseline: id !== newer });
  fs.writeFileSync(path.join(storage, 'incidents', older, 'incident.json'), '{"format": 1,');
  const core = coreOn(storage);
  const all = value(await core.heapCaptures(100));
  // The fourth failed; the fifth names a file elsewhere: it is refused when it is read.
  const named = all.filter(({ capture }) => capture !== 5);
  assert.deepEqual(
    named.map(({ incident, capture, kind }) => [incident, capture, kind]),
    [
      [newer, 1, 'heap'],
      [INCIDENT, 1, 'heap'],
      [INCIDENT, 2, 'baseline'],
    ],
  );
  const [first] = named;
  assert.equal(first.taken_unix_ms, 1795493940123 + 3200);
  assert.deepEqual([first.method, first.gopls_version], ['textDocument/hover', 'v0.23.0']);
  assert.deepEqual(value(await core.heapCaptures(1)), all.slice(0, 1));
  assert.equal(
    failure(await core.heapDiff(first, ROWS, { incident: newer, capture: 5 })).code,
    'incident-unreadable',
  );
});

test('any capture is a base, of any incident: the same file gives the same answer', async (t) => {
  const storage = scratchFolder(t);
  const other = '20261125T041900.123Z-hover-1';
  writeIncident(storage);
  writeIncident(storage, { id: other });
  const core = coreOn(storage);
  const ref = { incident: INCIDENT, capture: 1 };
  for (const query of [ROWS, { ...ROWS, by: 'package', normalize: true }]) {
    const byDefault = value(await core.heapDiff(ref, query, null));
    assert.deepEqual(value(await core.heapDiff(ref, query, { incident: other, capture: 2 })), byDefault);
    assert.ok(byDefault.rows.length === ROWS.limit && byDefault.rows.every(({ change }) => change));
  }
  const unchanged = value(await core.heapDiff(ref, ROWS, { incident: other, capture: 1 }));
  assert.deepEqual([unchanged.total, unchanged.rows], [0, []]);
  const tree = value(await core.flameDiff(ref, TREE, null));
  assert.deepEqual(value(await core.flameDiff(ref, TREE, { incident: other, capture: 2 })), tree);
  const [root] = tree.nodes;
  assert.deepEqual([root.value, root.base_value], [tree.total, tree.base_total]);
  const gone = failure(await core.flameDiff(ref, TREE, { incident: other, capture: 77 }));
  assert.equal(gone.code, 'capture-not-found');
  assert.match(gone.message, new RegExp(`${other}.*capture 77:`));
});

test('a capture that is not there, or of which nothing was kept, is named', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const core = coreOn(storage);
  for (const capture of [0, 4, 99, 2 ** 32 - 1]) {
    const ref = { incident: INCIDENT, capture };
    for (const ask of [
      core.heapTable(ref, ROWS),
      core.flame(ref, TREE),
      core.subsystems(ref, { sample_type: null }),
      core.icicle(ref, TREE),
      core.heapDiff(ref, ROWS, null),
      core.flameDiff(ref, TREE, null),
      core.saveProfile(ref, path.join(storage, 'x.pb.gz')),
    ]) {
      const { code, message } = failure(await ask);
      assert.equal(code, 'capture-not-found');
      assert.match(message, new RegExp(`${INCIDENT}.*capture ${capture}:`));
    }
  }
  assert.equal(fs.existsSync(path.join(storage, 'x.pb.gz')), false);
});

test('no id leads out of the folder of incidents, and nothing outside is deleted or copied', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  // A perfectly good incident, one folder up.
  const outside = path.join(storage, 'outside');
  fs.renameSync(writeIncident(storage, { id: 'outside' }), outside);
  const copy = path.join(storage, 'copy.pb.gz');
  const core = coreOn(storage);
  for (const id of [
    '../outside',
    `../outside/../outside`,
    `${INCIDENT}/../../outside`,
    outside,
    '../../etc',
    '..',
    '.',
    '',
    '/',
    '..\\outside',
    '%2e%2e%2foutside',
    'outside\0',
    '__proto__',
    'x'.repeat(10_000_000),
    '\ud800',
  ]) {
    const ref = { incident: id, capture: 1 };
    for (const ask of [
      core.incident(id),
      core.heapTable(ref, ROWS),
      core.flame(ref, TREE),
      core.subsystems(ref, { sample_type: null }),
      core.icicle(ref, TREE),
      core.heapDiff(ref, ROWS, null),
      core.flameDiff(ref, TREE, null),
      core.saveProfile(ref, copy),
      core.timeline({ incident: id, from_ns: null, to_ns: null, points: 10 }),
      core.deleteIncidents([id]),
    ]) {
      assert.equal(failure(await ask).code, 'incident-not-found', JSON.stringify(id.slice(0, 40)));
    }
  }
  assert.ok(fs.existsSync(path.join(outside, 'incident.json')));
  assert.equal(fs.existsSync(copy), false);
  assert.equal(value(await core.incidents()).length, 1);
});

test('a forged incident cannot make us read a file of somebody else', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  fs.copyFileSync(path.join(PROFILES, HEAP), path.join(storage, 'secret.pb.gz'));
  const core = coreOn(storage);
  const forged = { incident: INCIDENT, capture: 5 };
  failure(await core.heapTable(forged, ROWS));
  failure(await core.saveProfile(forged, path.join(storage, 'stolen.pb.gz')));
  assert.equal(fs.existsSync(path.join(storage, 'stolen.pb.gz')), false);
});

test('a broken incident is listed with its problem and spoils nothing else', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const broken = path.join(storage, 'incidents', '20261125T000000.000Z-hover-1');
  fs.mkdirSync(broken);
  fs.writeFileSync(path.join(broken, 'incident.json'), '{"format": 1, "id": ');
  const core = coreOn(storage);
  const [first, second] = value(await core.incidents());
  assert.match(first.problem, /incident\.json/);
  assert.equal(second.problem, null);
  assert.equal(failure(await core.incident(path.basename(broken))).code, 'incident-unreadable');
  fs.writeFileSync(path.join(broken, 'incident.json'), '{"format": 999}');
  assert.match(failure(await core.incident(path.basename(broken))).message, /format 999.*update/);
});

test('deleting takes exactly the folders named, and never follows a link', async (t) => {
  const storage = scratchFolder(t);
  const kept = writeIncident(storage);
  const gone = writeIncident(storage, { id: '20261124T042000.000Z-hover-4711' });
  const elsewhere = path.join(storage, 'elsewhere');
  fs.mkdirSync(elsewhere);
  fs.writeFileSync(path.join(elsewhere, 'diary.txt'), 'mine');
  const link = path.join(storage, 'incidents', 'a-link');
  fs.symlinkSync(elsewhere, link);
  const core = coreOn(storage);
  assert.equal(value(await core.deleteIncidents([path.basename(gone), 'a-link', 'no-such'])), 1);
  assert.equal(fs.existsSync(gone), false);
  assert.ok(fs.existsSync(path.join(kept, 'heap-1.pb.gz')));
  assert.equal(fs.readFileSync(path.join(elsewhere, 'diary.txt'), 'utf8'), 'mine');
});

test('a saved profile is the same bytes, whole or not at all', async (t) => {
  const storage = scratchFolder(t);
  writeIncident(storage);
  const core = coreOn(storage);
  const ref = { incident: INCIDENT, capture: 1 };
  const target = path.join(storage, 'Ünïcode 堆.pb.gz');
  fs.writeFileSync(target, 'older');
  value(await core.saveProfile(ref, target));
  assert.deepEqual(fs.readFileSync(target), fs.readFileSync(path.join(PROFILES, HEAP)));
  const nowhere = path.join(storage, 'no-such-folder', 'x.pb.gz');
  for (const destination of [nowhere, storage]) {
    const { message } = failure(await core.saveProfile(ref, destination));
    assert.ok(message.includes(destination), message);
  }
  for (const relative of ['', 'x.pb.gz', '../x.pb.gz']) {
    const { code, message } = failure(await core.saveProfile(ref, relative));
    assert.equal(code, 'invalid-destination');
    assert.ok(message.includes(`"${relative}"`), message);
    assert.match(message, /whole path/);
  }
  const leftovers = fs.readdirSync(storage).filter((name) => name.startsWith('.tmp-'));
  assert.deepEqual(leftovers, []);
});
