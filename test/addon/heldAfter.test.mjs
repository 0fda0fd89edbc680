// Who held the memory of a real gopls after a stall: kept with the incident, and read back when gopls and its heap are gone; or why
// it was not read. And who is named while a request is at work on the same snapshot.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { heapRequest } from '../lib/heapOf.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { eventually, failure, idleCore, scratchFolder, value } from './support/core.mjs';
import { INCIDENT, writeIncident } from './support/incident.mjs';
import { watched } from './support/watched.mjs';

const linux = { skip: process.platform !== 'linux' && 'only on Linux', timeout: 5 * 60_000 };
const MINUTE = 60_000;
const CACHE = 'golang.org/x/tools/gopls/internal/cache';
const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';

/** A core that watches a gopls on a small module, and an incident in its storage. */
async function watchedWithIncident(t) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-after-'));
  const workspace = path.join(scratch, 'module');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/held\n\ngo 1.21\n');
  fs.writeFileSync(path.join(workspace, 'main.go'), MAIN);
  const both = await watched(t, { scratch, workspace, executable: goplsFile() });
  const { gopls, core } = both;
  await gopls.initialize();
  const { uri } = gopls.open('main.go');
  await gopls.hover(uri, { line: 5, character: 6 });
  const folder = writeIncident(path.join(scratch, 'storage'));
  const atRest = () => {
    const { stall, loading, in_flight } = core.status();
    return !stall && !loading && in_flight.length === 0;
  };
  // Of a gopls that others keep from working nobody can tell.
  await eventually('a gopls at rest', atRest, 2 * MINUTE);
  return { ...both, folder };
}

test('what was read after a stall is kept with it, and told when gopls is gone', linux, async (t) => {
  const { core, gopls, folder } = await watchedWithIncident(t);
  assert.equal(value(await core.keptHeap(INCIDENT)), null, 'nothing before it was read');
  const request = await heapRequest(core, gopls.pid, { language: 'zh-cn' });
  const { record, problem } = value(await core.keepHeapAfter(INCIDENT, request));
  assert.equal(problem, null);
  assert.equal(record.pid, gopls.pid);
  assert.ok(record.facts.pause_ns > 0 && record.facts.pause_ns < 5e9);
  assert.ok(record.summary.objects_marked > 10_000);
  // The helper is gone, and no heap is open.
  assert.equal(failure(await core.askHeap({ ask: 'summary' })).code, 'no-heap-open');

  const file = path.join(folder, 'held.json.gz');
  const json = gunzipSync(fs.readFileSync(file));
  assert.ok(json.length < 4 << 20, `${json.length} bytes`);
  assert.equal(fs.statSync(file).mode & 0o077, 0, 'for nobody else');
  await gopls.kill();

  const kept = value(await core.keptHeap(INCIDENT));
  assert.deepEqual(kept, JSON.parse(json));
  const { types, tree, details, packages, summary } = kept.record;
  const snapshot = types.find(({ type }) => type === `${CACHE}.Snapshot`);
  assert.ok(snapshot.count >= 1);
  assert.match(snapshot.words, /工作区的一个版本/, 'in the language of whoever reads it');
  const { paths, instances } = details.find(({ id }) => id === snapshot.id);
  assert.equal(
    paths.reduce((sum, { objects }) => sum + objects, 0),
    snapshot.count,
  );
  assert.equal(instances[0].chain.at(-1).type, `${CACHE}.Snapshot`);
  const ballast = tree.rows.find(({ type }) => type === `${CACHE}.ballast`);
  assert.ok(ballast.bytes >= 1e8 && ballast.count === 1, 'the ballast by its name');
  const all = tree.rows.reduce((sum, row) => sum + row.retained_bytes, tree.others_retained_bytes);
  assert.equal(all, summary.bytes_marked, 'the first level adds up to all');
  const opened = tree.rows.find(({ below }) => below);
  const below = opened.below.rows.reduce((sum, row) => sum + row.retained_bytes, 0);
  assert.ok(below > 0 && below + opened.bytes <= opened.retained_bytes);
  assert.ok(packages.rows.some(({ package: name }) => name === 'example.com/held'));

  const page = path.join(scratchFolder(t), 'held.html');
  value(await core.saveHeapPage(INCIDENT, page));
  const html = fs.readFileSync(page, 'utf8');
  assert.ok(html.includes(`memory of process ${gopls.pid}`) && html.includes(`${CACHE}.Snapshot`));
  assert.ok(html.includes('example.com/held'), 'Go packages');
  assert.doesNotMatch(html, /<script|https?:\/\//, 'it loads nothing');
  assert.equal(failure(await core.saveHeapPage(INCIDENT, 'held.html')).code, 'invalid-destination');
  assert.equal(failure(await core.saveHeapPage(null, page)).code, 'no-heap-open');
});

test('why nothing was read is kept, too, and gopls is left alone', linux, async (t) => {
  const { core, gopls } = await watchedWithIncident(t);
  const request = await heapRequest(core, gopls.pid);
  const kept = async (changes) => {
    const { record, problem } = value(await core.keepHeapAfter(INCIDENT, { ...request, ...changes }));
    assert.equal(record, null);
    assert.deepEqual(value(await core.keptHeap(INCIDENT)).problem, problem, 'with the incident');
    return problem;
  };
  assert.equal((await kept({ memory_limit_bytes: 1_000_000 })).code, 'heap-memory');
  assert.equal((await kept({ started_unix_ms: 1 })).code, 'heap-another-process');

  // Somebody looks at a heap: it stays open.
  value(await core.openHeap(request, () => {}));
  assert.equal((await kept({})).code, 'heap-busy');
  assert.ok(value(await core.askHeap({ ask: 'summary' })).objects_marked > 0);
  value(await core.closeHeap());

  assert.equal(failure(await core.keepHeapAfter('no-such', request)).code, 'incident-not-found');
  const damaged = path.join(scratchFolder(t), 'storage');
  const folder = writeIncident(damaged);
  fs.writeFileSync(path.join(folder, 'held.json.gz'), 'no gzip');
  const other = idleCore(t, { storage_dir: damaged });
  failure(await other.keptHeap(INCIDENT));
});

test('while gopls is not known to be at rest it is not stopped', linux, async (t) => {
  const { gopls } = await watchedWithIncident(t);
  const storage = path.join(scratchFolder(t), 'storage');
  writeIncident(storage);
  // It watches nobody, so it knows of nobody that nothing is captured of it.
  const core = idleCore(t, { storage_dir: storage });
  const request = await heapRequest(core, gopls.pid);
  const { problem } = value(await core.keepHeapAfter(INCIDENT, request));
  assert.equal(problem.code, 'heap-not-at-rest');
});

test('what lasts is named as the holder, and goroutines that work with it are counted', linux, async (t) => {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-both-'));
  const gopls = new Gopls({
    executable: goplsFile(),
    workspace: goplsSource(),
    cache: path.join(scratch, 'cache'),
  });
  t.after(async () => {
    await gopls.kill();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });
  await gopls.initialize();
  const { uri } = gopls.open('internal/cache/snapshot.go');
  const core = idleCore(t);
  const ask = async (question) => value(await core.askHeap(question));
  // A hover in a cold gopls waits for the load, with the snapshot on its stack.
  let answered = false;
  const hover = gopls.hover(uri, { line: 100, character: 6 }).finally(() => (answered = true));
  const request = await heapRequest(core, gopls.pid);
  const found = await eventually('a snapshot with a request at work', async () => {
    assert.equal(answered, false, 'it was answered before the heap was read');
    value(await core.openHeap(request, () => {}));
    const page = { ask: 'types', sort: 'retained', reversed: false, offset: 0, limit: 20 };
    const { rows } = await ask({ ...page, search: `${CACHE}.Snapshot` });
    const snapshot = rows.find(({ type }) => type === `${CACHE}.Snapshot`);
    if (!snapshot) return undefined;
    const paths = await ask({ ask: 'paths', id: snapshot.id });
    return paths.find(({ goroutines }) => goroutines > 0);
  });
  assert.match(found.path, /\.views\[\d+\]\.snapshot$/, 'by the session, not by the request');
  const first = await ask({ ask: 'holds', way: [] });
  const held = first.rows.filter(({ held_by }) => held_by);
  assert.ok(held.length > 0, 'who holds what hangs on the first level');
  value(await core.closeHeap());
  await hover.catch(() => {});
});
