// The living heap of a real gopls through the addon: read, asked, compared, closed, with nothing left behind; refused where it is not
// ours; and its answers are what `extension/shared/heap.ts` says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { Gopls } from '../lib/gopls.mjs';
import { heapRequest } from '../lib/heapOf.mjs';
import { atRest } from '../lib/rest.mjs';
import { gopls as goplsFile, repo } from '../tools/lib/paths.mjs';
import { eventually, failure, idleCore, scratchFolder, value } from './support/core.mjs';

const linux = { skip: process.platform !== 'linux' && 'only on Linux', timeout: 300_000 };
const SNAPSHOT = 'golang.org/x/tools/gopls/internal/cache.Snapshot';
const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';

/** Has it collect its garbage: the check is against what a collection has just found. */
const collect = async (gopls) => {
  const answer = await fetch(`${await gopls.debugAddress()}/debug/pprof/heap?gc=1`);
  await answer.arrayBuffer();
};

/** A gopls that has loaded a small module. */
async function loaded(t) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-heap-'));
  const workspace = path.join(scratch, 'module');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/held\n\ngo 1.21\n');
  fs.writeFileSync(path.join(workspace, 'main.go'), MAIN);
  const gopls = new Gopls({ executable: goplsFile(), workspace, cache: path.join(scratch, 'cache') });
  t.after(async () => {
    await gopls.kill();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });
  await gopls.initialize();
  const { uri } = gopls.open('main.go');
  await gopls.hover(uri, { line: 5, character: 6 });
  // What a load has left behind may have been alive in the last collection.
  await atRest(gopls);
  await collect(gopls);
  return gopls;
}

const descriptors = () => fs.readdirSync('/proc/self/fd').length;
/** Processes that this one has started, by the name of their executable. */
function children() {
  const tasks = fs.readdirSync('/proc/self/task');
  const pids = tasks.flatMap((task) => {
    try {
      return fs.readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean);
    } catch {
      return [];
    }
  });
  return pids.flatMap((pid) => {
    try {
      return [fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()];
    } catch {
      return [];
    }
  });
}
const helpers = () => children().filter((name) => name.startsWith('stallscope-reta'));

test('who holds the snapshot is told step by step, and nothing is left behind', linux, async (t) => {
  const gopls = await loaded(t);
  const core = idleCore(t);
  const ask = async (question) => value(await core.askHeap(question));
  assert.equal(failure(await core.askHeap({ ask: 'summary' })).code, 'no-heap-open');
  const request = await heapRequest(core, gopls.pid);
  const before = descriptors();

  const steps = [];
  const opened = value(await core.openHeap(request, (step) => steps.push(step.at)));
  assert.equal(opened.pid, gopls.pid);
  assert.ok(opened.facts.pause_ns > 0 && opened.facts.pause_ns < 5e9, `${opened.facts.pause_ns}`);
  assert.ok(Math.abs(opened.taken_unix_ms - Date.now()) < 60_000);
  await eventually('all steps', () => steps.includes('ready'));
  assert.ok(steps.indexOf('guarded') < steps.indexOf('stopping'), 'the watchdog is there before');
  assert.ok(steps.indexOf('stopping') < steps.indexOf('went-on'));
  assert.ok(steps.indexOf('went-on') < steps.indexOf('analysing'), 'gopls goes on before the analysis');
  assert.equal(helpers().length, 1);

  const answers = { summary: await ask({ ask: 'summary' }) };
  assert.ok(answers.summary.objects_marked > 10_000);
  assert.ok(answers.summary.check.missed < 0.01, JSON.stringify(answers.summary.check));
  const ballast = answers.summary.parts.find(({ part }) => part === 'ballast');
  assert.ok(ballast.bytes >= 1e8 && ballast.bytes < 1.001e8, '100 MB, to the size of a slot');
  const page = { ask: 'types', sort: 'retained', reversed: false, offset: 0, limit: 20 };
  answers.types = await ask({ ...page, search: SNAPSHOT });
  const snapshot = answers.types.rows.find(({ type }) => type === SNAPSHOT);
  assert.ok(snapshot.count >= 1 && snapshot.words.includes('one version of the workspace'));
  const least = await ask({ ...page, search: '', sort: 'bytes', reversed: true });
  assert.ok(least.rows[0].bytes <= least.rows[19].bytes, 'the smallest first');
  answers.paths = await ask({ ask: 'paths', id: snapshot.id });
  // A request that still runs holds it, too, and more directly than its view.
  for (const { root, first, path: fields } of answers.paths)
    assert.ok(/\.snapshot$/.test(fields) || first === SNAPSHOT, JSON.stringify([root, first, fields]));
  assert.equal(
    answers.paths.reduce((sum, { objects }) => sum + objects, 0),
    snapshot.count,
  );
  answers.instances = await ask({ ask: 'instances', id: snapshot.id, offset: 0, limit: 10 });
  assert.equal(answers.instances.total, snapshot.count);
  const [largest] = answers.instances.rows;
  assert.equal(typeof largest.label, 'number', 'the number of a snapshot');
  answers.chain = await ask({ ask: 'chain', object: largest.object });
  assert.equal(answers.chain[0].object, null, 'a root first');
  assert.equal(answers.chain.at(-1).type, SNAPSHOT);
  answers.holds = await ask({ ask: 'holds', way: [] });
  const below = await ask({ ask: 'holds', object: largest.object, way: [] });
  const held = below.rows.reduce((sum, row) => sum + row.retained_bytes, below.others_retained_bytes);
  assert.equal(held + largest.bytes, largest.retained_bytes, 'what hangs below adds up');
  answers.packages = await ask({ ask: 'packages' });
  assert.ok(answers.packages.rows.some(({ package: name }) => name === 'example.com/held'));

  const kept = path.join(scratchFolder(t), 'kept.heap');
  const profile = path.join(scratchFolder(t), 'held.pb.gz');
  answers.save = await ask({ ask: 'save', file: kept });
  answers.profile = await ask({ ask: 'profile', file: profile });
  assert.equal(fs.readFileSync(profile).readUInt16BE(0), 0x1f8b, 'gzip');
  assert.equal(failure(await core.askHeap({ ask: 'save', file: kept })).code, 'heap-question', 'never over');
  // A later one takes the place of the first.
  value(await core.openHeap(request, () => {}));
  assert.equal(helpers().length, 1);
  answers.compare = await ask({ ask: 'compare', file: kept });
  assert.ok(answers.compare.rows.every((row) => row.after === row.survivors + row.new));
  answers.report = await ask({ ask: 'report' });
  assert.equal(answers.report.objects_marked, (await ask({ ask: 'summary' })).objects_marked);
  typed(answers);

  value(await core.closeHeap());
  assert.equal(failure(await core.askHeap({ ask: 'summary' })).code, 'no-heap-open');
  await eventually('no helper', () => helpers().length === 0);
  await eventually('no descriptors', () => descriptors() <= before, 10_000);
  // It still answers.
  assert.ok(await gopls.request('workspace/symbol', { query: 'main' }));
});

/** Held to the types as a literal: a field too many or too few is an error. */
function typed(answers) {
  const file = path.join(repo, 'extension/shared/answers-of-a-test.ts');
  const few = JSON.stringify(answers, (_key, inner) => (Array.isArray(inner) ? inner.slice(0, 30) : inner));
  const text = `import type { HeapAnswers } from './heap';\nexport const answers: HeapAnswers = ${few};\n`;
  const options = { strict: true, noEmit: true, exactOptionalPropertyTypes: true };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, text, ...rest) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const wrong = program.getSemanticDiagnostics(program.getSourceFile(file));
  assert.deepEqual(
    wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n').slice(0, 600)),
    [],
  );
}

test(
  'what is refused is left alone: another process, a bound, no memory, a heap that is given up',
  linux,
  async (t) => {
    const gopls = await loaded(t);
    const core = idleCore(t);
    const request = await heapRequest(core, gopls.pid);
    const refused = async (changes) => failure(await core.openHeap({ ...request, ...changes }, () => {}));

    const another = await refused({ started_unix_ms: request.started_unix_ms - 5_000 });
    assert.equal(another.code, 'heap-another-process');
    const { code, message } = await refused({ memory_limit_bytes: 1_000_000 });
    assert.equal(code, 'heap-memory');
    assert.match(message, /needs \d+ MB of memory, and \d+ MB are free by the setting.*Raise the setting/);
    assert.equal((await refused({ helper: '/nowhere/stallscope-retain' })).code, 'heap-watchdog-lost');

    // One that somebody else has started: the shell between ends, so that it is no descendant any more.
    const stray = path.join(scratchFolder(t), 'gopls');
    fs.symlinkSync(goplsFile(), stray);
    const shell = spawn('/bin/sh', [
      '-c',
      `setsid '${goplsFile()}' -listen='unix;${stray}.sock' </dev/null >/dev/null 2>&1 & echo $!`,
    ]);
    const pid = Number(await new Promise((resolve) => shell.stdout.once('data', resolve)));
    await new Promise((resolve) => shell.once('close', resolve));
    t.after(() => process.kill(pid, 'SIGKILL'));
    const theirs = await eventually('the stray gopls', async () => {
      const all = value(await core.goplsProcesses());
      return all.find((one) => one.pid === pid);
    });
    const { code: ours } = await refused({ pid, started_unix_ms: theirs.started_unix_ms });
    assert.equal(ours, 'heap-not-ours');

    let opening;
    await new Promise((began) => (opening = core.openHeap(request, began)));
    assert.equal((await refused({})).code, 'heap-busy');
    core.cancelHeap();
    assert.equal(failure(await opening).code, 'heap-cancelled');
    await eventually('no helper', () => helpers().length === 0);
    assert.ok(await gopls.request('workspace/symbol', { query: 'main' }));
  },
);
