// gopls's own source and two large public modules, with settings of a user and a gopls that is asked: the doctor is done in time in
// all areas and without the network, and each thing that it finds there is so, which is shown here by other means than its own.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { gopls, goplsSource } from '../tools/lib/paths.mjs';
import { installGoplsSource } from '../tools/setup/gopls.mjs';
import { installPublicModules, publicModule } from '../tools/setup/public-modules.mjs';
import { emptyFolder } from './lib/copies.mjs';
import { examine, go } from './lib/doctor.mjs';

const MOST_MS = 5_000;
const MEGABYTE = 1 << 20;

before(async () => {
  await installGoplsSource();
  await installPublicModules();
});

/** Settings as people have them, in which nothing is wrong. */
const USER = {
  'editor.fontSize': 13,
  'go.toolsManagement.autoUpdate': true,
  'go.toolsEnvVars': { GOTOOLCHAIN: 'local' },
  gopls: { 'ui.completion.usePlaceholders': true, 'formatting.gofumpt': true },
};

/** What the doctor finds, after a look at how long it took. What is wrong beside the workspace is nothing. */
async function timely(t, folder, env = {}) {
  const settings = path.join(emptyFolder(t), 'settings.json');
  fs.writeFileSync(settings, JSON.stringify(USER));
  // Whoever is reached would be reached through this.
  const nobody = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' };
  const variables = {
    ...nobody,
    GOPROXY: 'https://proxy.golang.org,direct',
    GOPLSCACHE: emptyFolder(t),
    ...env,
  };
  const begin = performance.now();
  const report = await examine(folder, variables, ['--gopls', gopls(), '--user-settings', settings]);
  const ms = performance.now() - begin;
  t.diagnostic(`${path.basename(folder)}: ${ms.toFixed(0)} ms`);
  assert.ok(ms < MOST_MS, `${ms} ms`);
  const elsewhere = report.findings.filter(({ area }) => area !== 'workspace');
  assert.deepEqual(elsewhere, [], 'environment, settings, lifecycle and cache');
  assert.ok(
    report.settings.some(({ key, counts }) => key === 'gopls.ui.completion.usePlaceholders' && counts),
  );
  assert.deepEqual(report.not_examined, []);
  return { workspace: report.findings };
}

/** A module cache that has nothing, for modules that nobody has loaded here. */
const nothing = (t) => ({ GOMODCACHE: emptyFolder(t) });

test('in the source of gopls there is nothing to find', async (t) => {
  const { workspace } = await timely(t, goplsSource());
  assert.deepEqual(workspace, []);
});

/** The modules that are said to be missing have packages that `go` cannot get, and there are as many of them as is said. */
async function missingAreMissing(folder, findings, env) {
  const { title, evidence } = findings.find(({ id }) => id === 'modules-not-downloaded');
  const asked = ['list', '-e', '-deps', '-test', '-json=ImportPath,Error', './...'];
  const { stdout } = await go(folder, asked, env);
  const all = JSON.parse(`[${stdout.trim().replaceAll(/\}\s*\{/g, '},{')}]`);
  const lost = all.filter(({ Error }) => /GOPROXY=off/.test(Error?.Err)).map(({ ImportPath }) => ImportPath);
  const goMod = fs.readFileSync(path.join(folder, 'go.mod'), 'utf8');
  const required = [...goMod.matchAll(/^\t?(?:require )?(\S+) v\S+/gm)].map(([, module]) => module);
  const isLost = (module) => lost.some((name) => name === module || name.startsWith(`${module}/`));
  const [, count] = /: (\d+)$/.exec(title);
  assert.ok(Number(count) > 0 && Number(count) <= required.filter(isLost).length, title);
  for (const line of evidence) assert.ok(isLost(/ (?:require )?(\S+) v\S+/.exec(line)[1]), line);
}

/** Every Go file below a folder. */
const goFiles = (folder) =>
  fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.go'))
    .map((entry) => path.join(entry.parentPath, entry.name));

/** The Go files of the packages that `go list` names with these tags; paths from the folder. */
async function listed(folder, tags) {
  const lists = '{{range .GoFiles}}{{$.Dir}}/{{.}}\n{{end}}{{range .CgoFiles}}{{$.Dir}}/{{.}}\n{{end}}';
  const tests =
    '{{range .TestGoFiles}}{{$.Dir}}/{{.}}\n{{end}}{{range .XTestGoFiles}}{{$.Dir}}/{{.}}\n{{end}}';
  const { stdout } = await go(folder, ['list', '-e', `-tags=${tags}`, '-f', lists + tests, './...']);
  return new Set(stdout.split('\n').filter(Boolean));
}

/** The tags that the doctor names are those with which `go list` has more files, and as many as it says. */
async function tagsAreRight(folder, findings) {
  const without = await listed(folder, '');
  for (const { title, evidence } of findings.filter(({ id }) => id === 'tags-exclude')) {
    const [, count, tags] = /^(\d+) Go files are left out without the build tag (\S+)$/.exec(title);
    const added = [...(await listed(folder, tags))].filter((file) => !without.has(file));
    // With a tag of several that a file asks for more files can come in: those of the other findings.
    assert.ok(added.length >= Number(count), `${tags}: ${added.length} files, ${count} are said`);
    for (const file of evidence) assert.ok(added.includes(file), `${file} is not brought in by ${tags}`);
  }
}

test('in a module of hundreds of packages every finding is so: large generated files, and build tags', async (t) => {
  const folder = publicModule('aws-sdk-go');
  const env = nothing(t);
  const { workspace } = await timely(t, folder, env);
  const kinds = new Set(workspace.map(({ id }) => id));
  assert.deepEqual([...kinds].sort(), ['large-generated-file', 'modules-not-downloaded', 'tags-exclude']);
  await missingAreMissing(folder, workspace, env);
  const large = workspace.filter(({ id }) => id === 'large-generated-file');
  const inView = await listed(folder, '');
  const largest = goFiles(folder)
    .filter((file) => inView.has(file) && fs.statSync(file).size >= MEGABYTE)
    .toSorted((a, b) => fs.statSync(b).size - fs.statSync(a).size);
  assert.deepEqual(large.map(({ place }) => place.path).sort(), largest.slice(0, 5).sort());
  for (const { place, why } of large) {
    assert.match(fs.readFileSync(place.path, 'utf8'), /^\/\/ Code generated .* DO NOT EDIT\.$/m);
    assert.ok(why.includes(`one of ${largest.length} Go files`), why);
  }
  await tagsAreRight(folder, workspace);
});

test('in a module of hundreds of dependencies these and build tags are found, and they are so', async (t) => {
  const folder = publicModule('prometheus');
  const env = nothing(t);
  const { workspace } = await timely(t, folder, env);
  assert.deepEqual(workspace.map(({ id }) => id).sort(), ['modules-not-downloaded', 'tags-exclude']);
  await missingAreMissing(folder, workspace, env);
  await tagsAreRight(folder, workspace);
});
