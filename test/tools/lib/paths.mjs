// Where things are. Everything the tools install lives in one cache folder outside the repository, so that
// clones share it and `git clean` costs nothing.
import os from 'node:os';
import path from 'node:path';

export const repo = path.resolve(import.meta.dirname, '../../..');
export const out = path.join(repo, 'out');
export const dist = path.join(repo, 'extension/dist');

export const tools = process.env.STALLSCOPE_TOOLS ?? path.join(os.homedir(), '.cache/stallscope-dev');

/** What both VS Code (`--target`) and our addon's file name call this machine, e.g. `linux-x64`. */
export const target = `${process.platform}-${process.arch}`;

/** Cargo may have been told to build elsewhere. */
export const cargoTarget = path.resolve(repo, process.env.CARGO_TARGET_DIR ?? 'target');

const executable = (name) => (process.platform === 'win32' ? `${name}.exe` : name);
export const cli = path.join(cargoTarget, 'release', executable('stallscope'));
/** What analyses the heap of a gopls; it lies beside whoever starts it: the addon or the command line tool. */
export const heapHelper = path.join(cargoTarget, 'release', executable('stallscope-retain'));

/** The gopls the tests and the demo run, and whose source they open. */
export const GOPLS_VERSION = 'v0.23.0';
export const gopls = (version = GOPLS_VERSION) => path.join(tools, 'gopls', version, executable('gopls'));
export const goplsSource = (version = GOPLS_VERSION) => path.join(tools, 'src', `gopls-${version}`);

/** A gopls that misbehaves on demand, and the real one behind it under a name that nobody takes for gopls. */
export const standIn = {
  folder: path.join(out, 'stand-in-gopls'),
  executable: path.join(out, 'stand-in-gopls', executable('gopls')),
  real: path.join(out, 'stand-in-gopls', executable('language-server')),
};

/** A server that leaks on request, in shapes that a leaking gopls would show. */
export const leakyServer = path.join(out, 'leaky-server', executable('leaky-server'));

/** Schemas of others, which what we write is held against. */
const schemaFolder = path.join(tools, 'schemas');
export const schemas = {
  folder: schemaFolder,
  sarif: path.join(schemaFolder, 'sarif-2.1.0.json'),
  junit: path.join(schemaFolder, 'junit.xsd'),
};
/** What incidents are exported to. */
export const collector = path.join(tools, 'collector', executable('collector'));
export const prometheus = path.join(tools, 'prometheus', 'usr/bin', executable('prometheus'));

export const NODE_MAJOR = '24';
export const node24 = path.join(tools, `node${NODE_MAJOR}`, 'bin', executable('node'));

export const CODE_SERVER_VERSION = '4.139.1';
export const codeServer = path.join(tools, `code-server-${CODE_SERVER_VERSION}`);

/** What builds for 64-bit ARM elsewhere, and a machine of that kind in software. */
export const arm64 = {
  triple: 'aarch64-unknown-linux-gnu',
  compiler: 'aarch64-linux-gnu-gcc',
  /** Where the compiler's own libraries are, the loader among them. */
  libraries: '/usr/aarch64-linux-gnu/lib',
  machine: 'qemu-system-aarch64',
  kernel: path.join(tools, 'arm64-linux', 'Image'),
  release: path.join(cargoTarget, 'aarch64-unknown-linux-gnu', 'release'),
};
