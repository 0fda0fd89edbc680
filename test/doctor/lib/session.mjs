// A gopls in one of the small workspaces, asked what an editor asks it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gopls } from '../../lib/gopls.mjs';
import { gopls } from '../../tools/lib/paths.mjs';
import { goEnv } from './doctor.mjs';

/** A gopls with this folder open; it ends with the test, or before by `kill`. */
export async function session(t, folder, { env = {}, settings = {}, folders } = {}) {
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-doctor-cache-'));
  const server = new Gopls({
    executable: gopls(),
    workspace: folder,
    cache,
    env: goEnv({ PWD: folder, ...env }),
    settings,
    folders,
  });
  t.after(async () => {
    await server.kill();
    fs.rmSync(cache, { recursive: true, force: true });
  });
  await server.initialize();
  return server;
}

const command = (server, name) =>
  server.request('workspace/executeCommand', { command: `gopls.${name}`, arguments: [] });

/** The packages and files of each view, once it is loaded. */
export const stats = (server) => command(server, 'workspace_stats');
export const views = (server) => command(server, 'views');

/**
 * The files in which a name of a file is defined: `lib.Hello` asks for Hello. Empty where gopls does not know.
 *
 * @param {string} file  from the opened folder
 */
export async function definition(server, file, name) {
  const { uri, text } = server.open(file);
  const lines = text.split('\n');
  const line = lines.findIndex((candidate) => candidate.includes(name));
  if (line < 0) throw new Error(`there is no ${name} in ${file}`);
  const character = lines[line].indexOf(name) + name.length - 1;
  try {
    const found = await server.request('textDocument/definition', {
      textDocument: { uri },
      position: { line, character },
    });
    return (found ?? []).map((location) => fileURLToPath(location.uri));
  } catch (error) {
    if (/gopls did not answer/.test(error.message)) throw error;
    return [];
  }
}

/** The names of the symbols that a search of the workspace finds. */
export async function symbols(server, query) {
  await stats(server);
  const found = await server.request('workspace/symbol', { query });
  return (found ?? []).map((symbol) => symbol.name);
}

/** Where `Hello` of app.go leads, as a path from a folder. */
export async function leadsTo(server, file, from) {
  const found = await definition(server, file, 'lib.Hello');
  return found.map((target) => path.relative(from, target));
}
