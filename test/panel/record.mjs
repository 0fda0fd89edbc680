// Records what the harness feeds the panel: two real stalls of a real gopls on gopls's own source. RSS is read
// every 50 ms; heap profiles are fetched for their moments and sizes only (test/fixtures has better ones to look
// at). Development data: it never ships.
//
//   node test/panel/record.mjs [OUTPUT.json]     writes recorded/session.json.gz
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { gopls, goplsSource, GOPLS_VERSION } from '../tools/lib/paths.mjs';

const SAMPLE_INTERVAL_MS = 50;
/** How far RSS must rise within `WINDOW` samples before the heap is fetched, as in the product. */
const RISE_BYTES = 15e6;
const WINDOW = 10;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-record-'));
const source = goplsSource();
const started = process.hrtime.bigint();
const now = () => Number(process.hrtime.bigint() - started);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const session = { gopls: GOPLS_VERSION, origin_unix_ms: Date.now(), rss: [], requests: [], profiles: [] };

const child = spawn(gopls(), ['-debug=127.0.0.1:0'], {
  cwd: source,
  env: { ...process.env, GOPLSCACHE: path.join(scratch, 'cache') },
  stdio: ['pipe', 'pipe', 'pipe'],
  detached: true,
});

/** The smallest LSP client that can hover: it answers what gopls asks and matches answers to requests. */
const pending = new Map();
let received = Buffer.alloc(0);
let nextId = 1;
const send = (message) => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }));
  child.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
  child.stdin.write(body);
};
const onMessage = (message) => {
  if (message.method === 'workspace/configuration') {
    send({ id: message.id, result: message.params.items.map(() => ({})) });
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (message.id !== undefined) {
    pending.get(message.id)?.(message.result);
  }
};
child.stdout.on('data', (chunk) => {
  received = Buffer.concat([received, chunk]);
  for (;;) {
    const header = received.indexOf('\r\n\r\n');
    if (header < 0) return;
    const length = Number(/Content-Length: (\d+)/i.exec(received.subarray(0, header).toString())[1]);
    if (received.length < header + 4 + length) return;
    onMessage(JSON.parse(received.subarray(header + 4, header + 4 + length).toString()));
    received = received.subarray(header + 4 + length);
  }
});
const request = async (method, params) => {
  const id = nextId++;
  const record = { method, start_ns: now(), end_ns: null, uri: params?.textDocument?.uri ?? null };
  session.requests.push(record);
  const result = await new Promise((resolve) => {
    pending.set(id, resolve);
    send({ id, method, params });
  });
  record.end_ns = now();
  return result;
};

let debugUrl = null;
child.stderr.on('data', (text) => {
  debugUrl ??= /debug server listening at (http:\/\/[\w.:]+)/.exec(String(text))?.[1] ?? null;
});

async function fetchProfile(kind) {
  const profile = { kind, trigger_ns: now(), sent_ns: now(), received_ns: null };
  session.profiles.push(profile);
  const answer = await fetch(`${debugUrl}/debug/pprof/heap`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  profile.received_ns = now();
  profile.size_bytes = bytes.length;
}

const PAGE_BYTES = 4096;
let armed = false;
const sampler = setInterval(() => {
  const resident = Number(fs.readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES;
  session.rss.push([now(), resident]);
  const before = session.rss[Math.max(0, session.rss.length - WINDOW)][1];
  if (armed && resident - before > RISE_BYTES) {
    armed = false;
    void fetchProfile('heap');
  }
}, SAMPLE_INTERVAL_MS);

const folder = (name) => ({ uri: `file://${name}`, name: path.basename(name) });
const file = `file://${source}/internal/cache/snapshot.go`;
const text = fs.readFileSync(new URL(file), 'utf8');
const at = (needle) => {
  const lines = text.split('\n');
  const line = lines.findIndex((candidate) => candidate.includes(needle));
  return { line, character: lines[line].indexOf(needle) + 1 };
};
const positioned = (needle) => ({ textDocument: { uri: file }, position: at(needle) });

try {
  await request('initialize', {
    processId: process.pid,
    rootUri: folder(source).uri,
    workspaceFolders: [folder(source)],
    capabilities: { workspace: { configuration: true } },
  });
  send({ method: 'initialized', params: {} });
  send({
    method: 'textDocument/didOpen',
    params: { textDocument: { uri: file, languageId: 'go', version: 1, text } },
  });
  armed = true;
  await Promise.all([
    request('textDocument/hover', positioned('Snapshot) Acquire')),
    request('textDocument/codeLens', { textDocument: { uri: file } }),
  ]);
  armed = false;
  // Calm, until diagnostics are through: then the baseline.
  for (let quiet = 0; quiet < 40;) {
    await sleep(SAMPLE_INTERVAL_MS);
    const recent = session.rss.slice(-20).map(([, bytes]) => bytes);
    quiet = Math.max(...recent) - Math.min(...recent) < 2e6 ? quiet + 1 : 0;
  }
  await fetchProfile('baseline');
  await sleep(1500);
  armed = true;
  // A change deep down in the import graph makes the next question expensive.
  const deep = `file://${source}/internal/protocol/tsprotocol.go`;
  const deepText = fs.readFileSync(new URL(deep), 'utf8');
  const open = { uri: deep, languageId: 'go', version: 1, text: deepText };
  send({ method: 'textDocument/didOpen', params: { textDocument: open } });
  const grown = `${deepText}\ntype Grown struct{ Name string }\n`;
  const changed = { textDocument: { uri: deep, version: 2 }, contentChanges: [{ text: grown }] };
  send({ method: 'textDocument/didChange', params: changed });
  await Promise.all([
    request('textDocument/references', {
      ...positioned('Snapshot struct'),
      context: { includeDeclaration: true },
    }),
    request('textDocument/documentSymbol', { textDocument: { uri: file } }),
    request('workspace/symbol', { query: 'snapshot' }),
  ]);
  armed = false;
  await request('textDocument/implementation', positioned('Snapshot struct'));
  await sleep(1500);
  clearInterval(sampler);
} finally {
  clearInterval(sampler);
  try {
    process.kill(-child.pid);
  } catch {
    // Already gone.
  }
}

// The recording must read the same on every machine.
const portable = JSON.stringify(session)
  .replaceAll(source, '/home/gopher/gopls')
  .replaceAll(scratch, '/tmp/cache');
const output = process.argv[2] ?? path.join(import.meta.dirname, 'recorded/session.json.gz');
fs.writeFileSync(output, zlib.gzipSync(portable, { level: 9 }));
fs.rmSync(scratch, { recursive: true, force: true });
for (const { method, start_ns, end_ns } of session.requests) {
  console.log(method, `${Math.round((end_ns - start_ns) / 1e6)} ms`);
}
console.log(
  session.profiles.map(
    (profile) => `${profile.kind} ${profile.size_bytes} B at ${profile.trigger_ns / 1e9} s`,
  ),
);
