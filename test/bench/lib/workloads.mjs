// The two workspaces whose heaps `retain` reads: both from the Go module proxy, made once.
import fs from 'node:fs';
import path from 'node:path';
import { goplsSource, out } from '../../tools/lib/paths.mjs';
import { cleanEnv, run } from '../../tools/lib/run.mjs';

const KUBERNETES_VERSION = 'v1.37.2';
/** What kubernetes calls its own staging modules, and as what they are published. */
const STAGED = 'v0.0.0';
const PUBLISHED = `v0.${KUBERNETES_VERSION.split('.').slice(1).join('.')}`;

/**
 * @typedef {object} Workload
 * @property {string} folder  what gopls is given to open
 * @property {object} env     what it needs in its environment
 * @property {string[]} files of the workspace, in order
 */

/** golang.org/x/tools with gopls in it, as its developers have it: both modules in one go.work. */
export async function xTools() {
  const folder = path.join(out, 'bench/x-tools');
  await once(folder, async (making) => {
    const { stdout } = await run('go', ['list', '-m', '-f', '{{.Dir}}', 'golang.org/x/tools'], {
      cwd: goplsSource(),
    });
    await copyOfModule(stdout.trim(), making);
    fs.cpSync(goplsSource(), path.join(making, 'gopls'), { recursive: true });
    await run('go', ['work', 'init', '.', './gopls'], { cwd: making });
  });
  return { folder, env: {}, files: goFiles(folder) };
}

/**
 * Kubernetes without its vendor folder, and with its staging modules as they were published: so gopls reads the sources of
 * some three hundred modules as well.
 */
export async function kubernetes() {
  const folder = path.join(out, 'bench', `kubernetes-${KUBERNETES_VERSION}`);
  const env = { GOFLAGS: '-mod=mod', GOWORK: 'off', GOMEMLIMIT: '14GiB' };
  await once(folder, async (making) => {
    const module = `k8s.io/kubernetes@${KUBERNETES_VERSION}`;
    const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: path.dirname(making) });
    await copyOfModule(JSON.parse(stdout).Dir, making);
    for (const name of ['vendor', 'go.work', 'go.work.sum'])
      fs.rmSync(path.join(making, name), { recursive: true, force: true });
    const file = path.join(making, 'go.mod');
    fs.writeFileSync(file, published(fs.readFileSync(file, 'utf8')));
    await run('go', ['mod', 'download'], { cwd: making, env: cleanEnv(env) });
  });
  return { folder, env, files: goFiles(folder) };
}

/** A go.mod whose staging modules come from the proxy and not from folders beside it. */
function published(mod) {
  return mod
    .replace(/^replace \([^)]*\)\n/gms, '')
    .replace(/^replace .*\n/gm, '')
    .replace(
      new RegExp(`^(\\s*(?:require )?k8s\\.io/\\S+) ${STAGED.replaceAll('.', '\\.')}(?=\\s|$)`, 'gm'),
      `$1 ${PUBLISHED}`,
    );
}

/** So many of some files, from all over the workspace: neighbours are of one package, and load little. */
export const spreadOver = (files, count) =>
  Array.from(
    { length: Math.min(count, files.length) },
    (_, index) => files[Math.floor((index * files.length) / count)],
  );

/** The module cache is read-only; a workspace is not. */
async function copyOfModule(from, to) {
  fs.cpSync(from, to, { recursive: true });
  await run('chmod', ['-R', 'u+w', to]);
}

/** Makes a folder, whole or not at all. */
async function once(folder, make) {
  if (fs.existsSync(folder)) return;
  const making = `${folder}.new`;
  fs.rmSync(making, { recursive: true, force: true });
  fs.mkdirSync(making, { recursive: true });
  await make(making);
  fs.renameSync(making, folder);
}

/** Relative, in order; what the go command does not look at is left out. */
function goFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.go') && !/(^|\/)([._]|testdata\/|vendor\/)/.test(file))
    .toSorted();
}
