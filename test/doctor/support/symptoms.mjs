// What is seen of a gopls with certain settings: each symptom that the matrix of misconfigurations names, looked for on a real
// gopls in a small module. Each answers whether it is there.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../../lib/gopls.mjs';
import { gopls } from '../../tools/lib/paths.mjs';
import { folderOf, made, MODULE, removed } from './workspace.mjs';

/** Ends gopls when its input ends, as it does when an editor goes. */
function ended({ flags, env }, t) {
  const folder = folderOf(t, {});
  const child = spawn(gopls(), flags, { cwd: folder, env: { ...process.env, ...env, GOPLSCACHE: folder } });
  let stderr = '';
  child.stderr.on('data', (data) => (stderr += data));
  child.stdin.on('error', () => {});
  child.stdin.end();
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

/** A gopls in the small module, or in a folder below it; what it told the user is collected. */
export async function begun(t, { settings = {}, env = {}, flags = [] }, { below = '', files = {} } = {}) {
  const folder = made({ ...MODULE, ...files, 'cache/.keep': '' });
  const workspace = path.join(folder, below);
  const server = new Gopls({
    executable: gopls(),
    workspace,
    cache: path.join(folder, 'cache'),
    settings,
    env,
    flags,
  });
  t.after(async () => {
    await server.kill();
    removed(folder);
  });
  const told = [];
  server.onNotification = ({ method, params }) => {
    if (method === 'window/showMessage') told.push(params.message);
  };
  await server.initialize();
  return { server, folder, workspace, told };
}

/** Opens the inner package and waits until gopls has loaded it; answers what it says of `Answer`. */
export async function loaded({ server, folder, workspace }) {
  const { uri } = server.open(path.relative(workspace, path.join(folder, 'inner/inner.go')));
  return { uri, hover: await server.hover(uri, { line: 3, character: 6 }) };
}

async function referencesOutside(t, how) {
  const session = await begun(t, how, { below: 'inner' });
  const { uri } = await loaded(session);
  const found = await session.server.request('textDocument/references', {
    textDocument: { uri },
    position: { line: 3, character: 6 },
    context: { includeDeclaration: false },
  });
  return (found ?? []).some((place) => place.uri.endsWith('/main.go'));
}

async function toldToTheUser(t, how) {
  const session = await begun(t, how);
  await loaded(session);
  return session.told.join('\n');
}

/** How often gopls collected garbage until the module was loaded and edited a little. */
export async function collections(t, how) {
  const session = await begun(t, { ...how, env: { ...how.env, GODEBUG: 'gctrace=1' } });
  const { uri } = await loaded(session);
  for (let version = 2; version < 12; version++) {
    const text = fs.readFileSync(path.join(session.folder, 'inner/inner.go'), 'utf8');
    session.server.notify('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: [{ text: `${text}\n// ${version}\n` }],
    });
    await session.server
      .request('textDocument/semanticTokens/full', { textDocument: { uri } })
      .catch(() => {});
    await session.server.hover(uri, { line: 3, character: 6 });
  }
  return session.server.stderr.match(/^gc \d+ @/gm)?.length ?? 0;
}

/** The environment of a running process. */
function environmentOf(pid) {
  const entries = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').slice(0, -1);
  return Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s, 2)));
}

/** A `go` in front of the real one that leaves a note of its environment. */
function notingGo(t) {
  const note = path.join(folderOf(t, {}), 'environment');
  const folder = folderOf(t, { go: `#!/bin/sh\nenv > ${note}.$$\nPATH="$REAL_PATH" exec go "$@"\n` });
  fs.chmodSync(path.join(folder, 'go'), 0o755);
  const env = { PATH: `${folder}:${process.env.PATH}`, REAL_PATH: process.env.PATH };
  const notes = () => fs.readdirSync(path.dirname(note)).map((name) => path.join(path.dirname(note), name));
  const value = (text, name) => text.match(new RegExp(`^${name}=(.*)$`, 'm'))?.[1] ?? null;
  return { env, values: (name) => notes().map((file) => value(fs.readFileSync(file, 'utf8'), name)) };
}

/** The local addresses that a process listens on, in hexadecimal as /proc has them. */
function listening(pid) {
  const inodes = new Set(
    fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1]];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    fs
      .readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === '0A' && inodes.has(columns[9]))
      .map((columns) => columns[1].split(':')[0]),
  );
}

/** By the name that the matrix has for it. Each gets what the matrix expects and how gopls is started. */
export const SYMPTOMS = {
  async ends(t, { code, says }, how) {
    const end = await ended(how, t);
    return end.code === code && end.stderr.includes(says);
  },
  async says(t, text, how) {
    return (await toldToTheUser(t, how)).includes(text);
  },
  async silent(t, _, how) {
    return (await toldToTheUser(t, how)) === '';
  },
  async load_fails(t, text, how) {
    const session = await begun(t, how);
    const messages = [];
    session.server.onNotification = ({ params }) => messages.push(JSON.stringify(params));
    const { hover } = await loaded(session).catch(() => ({ hover: null }));
    for (let tries = 0; tries < 40 && !messages.some((message) => message.includes(text)); tries++) {
      if (hover && messages.length > 0 && tries > 10) break;
      await sleep(100);
    }
    return messages.some((message) => message.includes(text));
  },
  async listens_everywhere(t, _, how) {
    const { server } = await begun(t, how);
    await server.debugAddress().catch(() => {});
    return listening(server.pid).some((address) => /^0+$/.test(address));
  },
  async log_holds_source(t, _, how) {
    const log = path.join(folderOf(t, {}), 'gopls.log');
    const flags = how.flags.map((flag) => flag.replace('=LOG', `=${log}`));
    const session = await begun(t, { ...how, flags });
    await loaded(session);
    const first = fs.existsSync(log) ? fs.statSync(log).size : 0;
    await session.server.hover(session.server.open('main.go').uri, { line: 4, character: 6 });
    if (!fs.existsSync(log)) return false;
    return (
      fs.readFileSync(log, 'utf8').includes('Answer is used from outside') && fs.statSync(log).size > first
    );
  },
  async variable(t, { name, of_gopls, of_go }, how) {
    const go = notingGo(t);
    const session = await begun(t, { ...how, env: { ...how.env, ...go.env } });
    await loaded(session);
    const main = environmentOf(session.server.pid)[name] ?? null;
    const values = go.values(name);
    return main === of_gopls && values.length > 0 && values.includes(of_go);
  },
  async collections_times_more(t, factor, how) {
    const usual = await collections(t, {});
    return (await collections(t, how)) >= factor * usual;
  },
  async collections_at_most(t, most, how) {
    return (await collections(t, how)) <= most;
  },
  async references_outside(t, expected, how) {
    return (await referencesOutside(t, how)) === expected;
  },
};
