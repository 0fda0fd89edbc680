// What the texts of the findings claim, seen in a real gopls: before the fix, and that it is gone after it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { copy, write } from './lib/copies.mjs';
import { apply, examine, finding, fix, go } from './lib/doctor.mjs';
import { definition, leadsTo, session, stats, symbols, views } from './lib/session.mjs';
import { CASES } from './table.mjs';

const LIB = path.join('lib', 'lib.go');

function opened(t, name) {
  const workspace = copy(t, name);
  CASES[name].prepare?.(workspace);
  return { workspace, folder: path.join(workspace, CASES[name].open ?? '.') };
}

/** Applies the fix that the table tries. */
async function mend(name, folder) {
  const [id, fixId] = CASES[name].fix;
  const { edits, command, folder: where } = fix(await examine(folder, CASES[name].env), id, fixId);
  if (edits.length > 0) return apply(edits);
  const { ok, output } = await go(where ?? folder, command.slice(1));
  assert.ok(ok, output);
}

/** Where the import of a file leads in a gopls of its own. */
async function leads(t, folder, file, from, options) {
  const server = await session(t, folder, options);
  const found = await leadsTo(server, file, from);
  await server.kill();
  return found;
}

const APP = path.join('app', 'app.go');

test('in a healthy workspace definitions lead across modules', async (t) => {
  const { workspace } = opened(t, 'healthy-work');
  assert.deepEqual(await leads(t, workspace, APP, workspace), [LIB]);
});

for (const [name, file, target = LIB] of [
  ['use-missing', APP],
  ['use-no-module', APP],
  ['use-duplicate', APP],
  ['use-same-module', APP],
  ['go-work-go-line', APP],
  ['go-work-replaces-used', APP],
  ['go-work-replace-conflict', APP, path.join('lib1', 'lib.go')],
  ['opened-module-not-used', 'app.go'],
  ['module-not-used', APP],
  ['modules-apart', APP],
]) {
  test(`${name}: definitions lead across modules only after the fix`, async (t) => {
    const { workspace, folder } = opened(t, name);
    assert.deepEqual(await leads(t, folder, file, workspace), []);
    await mend(name, folder);
    assert.deepEqual(await leads(t, folder, file, workspace), [target]);
  });
}

test('mod-file-invalid: even within the module nothing is found', async (t) => {
  const { workspace } = opened(t, 'mod-file-invalid');
  assert.deepEqual(await symbols(await session(t, workspace), 'Alone'), []);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/app\n\ngo 1.23\n');
  assert.deepEqual(await symbols(await session(t, workspace), 'Alone'), ['Alone']);
});

test('go-work-off: definitions do not lead across modules', async (t) => {
  const { workspace } = opened(t, 'go-work-off');
  assert.deepEqual(await leads(t, workspace, APP, workspace, { env: { GOWORK: 'off' } }), []);
  assert.deepEqual(await leads(t, workspace, APP, workspace, { settings: { env: { GOWORK: 'off' } } }), []);
  assert.deepEqual(await leads(t, workspace, APP, workspace), [LIB]);
});

test('opened-module-not-used: two views are loaded instead of one', async (t) => {
  const { folder } = opened(t, 'opened-module-not-used');
  const count = async () => {
    const server = await session(t, folder);
    await definition(server, 'app.go', 'lib.Hello');
    const { length } = await views(server);
    await server.kill();
    return length;
  };
  assert.equal(await count(), 2);
  await mend('opened-module-not-used', folder);
  assert.equal(await count(), 1);
});

test('opened-below-go-work: modules outside of the folder are loaded, filters or not', async (t) => {
  const { folder } = opened(t, 'opened-below-go-work');
  assert.deepEqual(await symbols(await session(t, folder), 'UsedByNobody'), ['UsedByNobody']);
  for (const directoryFilters of [[], ['-**/lib'], ['-../lib']]) {
    const server = await session(t, folder, { settings: { directoryFilters } });
    await definition(server, 'app.go', 'lib.Hello');
    const { Views } = await stats(server);
    assert.equal(Views[0].WorkspacePackages.Packages, 2, `${directoryFilters}`);
    await server.kill();
  }
});

test('opened-beside-go-work: both ways that it names work', async (t) => {
  const { workspace, folder } = opened(t, 'opened-beside-go-work');
  assert.deepEqual(await leads(t, folder, 'app.go', workspace), []);
  const GOWORK = path.join(workspace, 'work', 'go.work');
  assert.deepEqual(await leads(t, folder, 'app.go', workspace, { env: { GOWORK } }), [LIB]);
  const { place } = finding(await examine(folder), 'opened-beside-go-work');
  assert.equal(place.path, folder);
  const beside = path.dirname(GOWORK);
  assert.deepEqual(await leads(t, beside, path.join('..', APP), workspace), [LIB]);
});

test('use-never-imported: its packages are in the workspace until it is dropped', async (t) => {
  const { workspace } = opened(t, 'use-never-imported');
  assert.deepEqual(await symbols(await session(t, workspace), 'Alone'), ['Alone']);
  await mend('use-never-imported', workspace);
  assert.deepEqual(await symbols(await session(t, workspace), 'Alone'), []);
});

test('replacements: only one step, only of the modules that are worked on, and go.work decides', async (t) => {
  const overridden = opened(t, 'replace-overridden').workspace;
  assert.deepEqual(await leads(t, overridden, APP, overridden), [path.join('lib2', 'lib.go')]);
  const chain = opened(t, 'replace-chain').workspace;
  assert.deepEqual(await leads(t, chain, 'app.go', chain), []);
  const missing = opened(t, 'replace-missing').workspace;
  assert.deepEqual(await leads(t, missing, 'app.go', missing), []);
});

test('vendor: a stale folder stops gopls, and with a go.work that of a module does not count', async (t) => {
  const stale = opened(t, 'vendor-stale');
  assert.deepEqual(await leads(t, stale.folder, 'app.go', stale.workspace), []);
  await mend('vendor-stale', stale.folder);
  const vendored = path.join('app', 'vendor', 'example.com', 'lib', 'lib.go');
  assert.deepEqual(await leads(t, stale.folder, 'app.go', stale.workspace), [vendored]);
  const { workspace } = opened(t, 'vendor-not-used');
  assert.deepEqual(await leads(t, workspace, APP, workspace), [LIB]);
  const app = path.join(workspace, 'app');
  assert.deepEqual(await leads(t, app, 'app.go', workspace, { env: { GOWORK: 'off' } }), [vendored]);
});

test('no-module: the folder itself is loaded, those below it are not', async (t) => {
  const { workspace } = opened(t, 'no-module');
  const server = await session(t, workspace);
  assert.deepEqual(await definition(server, 'main.go', 'word'), [path.join(workspace, 'word.go')]);
  assert.deepEqual(await symbols(server, 'Hello'), []);
});

test('module-below: nothing is known until a file of it is opened', async (t) => {
  const { workspace } = opened(t, 'module-below');
  const server = await session(t, workspace);
  assert.deepEqual(await symbols(server, 'Alone'), []);
  await definition(server, path.join('backend', 'alone.go'), 'Alone');
  assert.deepEqual(await symbols(server, 'Alone'), ['Alone']);
});

for (const [name, files] of [
  ['modules-without-go-work', ['alone/alone.go', 'lib/lib.go']],
  ['nested-modules', ['alone.go', 'tools/lib.go']],
]) {
  test(`${name}: each module in which a file is opened is a view`, async (t) => {
    const { workspace } = opened(t, name);
    const server = await session(t, workspace);
    for (const file of files) {
      await definition(server, file, file.endsWith('lib.go') ? 'Hello' : 'Alone');
    }
    const modules = (await views(server)).filter(({ Type }) => Type === 'GoMod');
    assert.equal(modules.length, 2, JSON.stringify(modules));
  });
}

test('folders-load-the-same: gopls makes a view for each folder, and each loads all modules', async (t) => {
  const { workspace } = opened(t, 'folders-load-the-same');
  const loaded = async (folders) => {
    const server = await session(t, workspace, { folders });
    await definition(server, APP, 'lib.Hello');
    const { Views } = await stats(server);
    await server.kill();
    return Views.map(({ AllPackages }) => AllPackages.Packages);
  };
  const apart = await loaded(['app', 'lib'].map((name) => path.join(workspace, name)));
  const [once, ...others] = await loaded();
  assert.deepEqual([apart, others], [[once, once], []]);
});

test('many-views: as many views as modules in which a file is open, and one with the go.work', async (t) => {
  const { workspace } = opened(t, 'many-views');
  const { title } = finding(await examine(workspace), 'many-views');
  const count = Number(/up to (\d+) views/.exec(title)[1]);
  const loaded = async () => {
    const server = await session(t, workspace);
    for (let i = 0; i < count; i += 1) await definition(server, `m${i}/m.go`, `M${i}`);
    const all = await views(server);
    await server.kill();
    return all.filter(({ Type }) => Type === 'GoMod' || Type === 'GoWork').map(({ Type }) => Type);
  };
  assert.deepEqual(await loaded(), Array(count).fill('GoMod'));
  await mend('many-views', workspace);
  assert.deepEqual(await loaded(), ['GoWork']);
});

test('modules-not-downloaded: the first load asks the proxy for them, and waits', async (t) => {
  const { workspace } = opened(t, 'modules-not-downloaded');
  const WAIT_MS = 2_000;
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url);
    setTimeout(() => response.writeHead(404).end(), WAIT_MS);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const loaded = async (GOPROXY) => {
    const begin = performance.now();
    await stats(await session(t, workspace, { env: { GOPROXY } }));
    return performance.now() - begin;
  };
  assert.ok((await loaded(`http://127.0.0.1:${server.address().port}`)) >= WAIT_MS);
  assert.ok(
    asked.some((url) => url.startsWith('/example.com/absent/@v/')),
    `${asked}`,
  );
  asked.length = 0;
  await loaded('off');
  assert.deepEqual(asked, []);
});

test('folder-to-filter: the filter takes out as many packages as is said, and what is needed stays', async (t) => {
  const { workspace } = opened(t, 'folder-to-filter');
  const { why } = finding(await examine(workspace), 'folder-to-filter');
  const [, filter, packages] = /"(-[^"]+)" .* these (\d+) packages/.exec(why);
  const seen = async (directoryFilters) => {
    const server = await session(t, workspace, { settings: { directoryFilters } });
    const found = await definition(server, 'alone.go', 'needed.Needed');
    assert.deepEqual(found, [path.join(workspace, 'third_party/needed/needed.go')]);
    const { Views } = await stats(server);
    await server.kill();
    return Views[0].WorkspacePackages.Packages;
  };
  const [all, left] = [await seen(['-**/node_modules']), await seen(['-**/node_modules', filter])];
  // Each has a variant with its test. The package that is needed is loaded, but not worked on.
  assert.equal(all - left, 2 * Number(packages) + 1);
});

test('large-generated-file: whoever opens a file beside it has it checked', async (t) => {
  const { workspace } = opened(t, 'large-generated-file');
  fs.appendFileSync(path.join(workspace, 'data.go'), '\nvar wrong int = "no number"\n');
  const server = await session(t, workspace);
  const told = new Promise((resolve) => {
    server.onNotification = ({ method, params }) => {
      const isOfData = method === 'textDocument/publishDiagnostics' && params.uri.endsWith('data.go');
      if (isOfData && params.diagnostics.length > 0) resolve(params.diagnostics[0].message);
    };
  });
  await definition(server, 'alone.go', 'Alone');
  assert.match(await told, /cannot use "no number"/);
});

test('large-module: all of its packages are in the workspace', async (t) => {
  const { workspace } = opened(t, 'large-module');
  const server = await session(t, workspace);
  await definition(server, 'alone.go', 'Alone');
  const { Views } = await stats(server);
  assert.equal(Views[0].WorkspacePackages.Packages, 1_001);
});

test('tags-exclude: the build flag that is named makes gopls know the files', async (t) => {
  const { workspace } = opened(t, 'tags-exclude');
  const { why } = finding(await examine(workspace), 'tags-exclude');
  const buildFlags = JSON.parse(/\[".*?"\]/.exec(why)[0]);
  const known = async (settings) => symbols(await session(t, workspace, { settings }), 'Three');
  assert.deepEqual(await known({}), []);
  assert.deepEqual(await known({ buildFlags }), ['Three']);
});

test('ports-exclude: a file for another system is a further view', async (t) => {
  const { workspace } = opened(t, 'ports-exclude');
  const other = fs.readdirSync(workspace).find((name) => name.startsWith('a0_'));
  write(workspace, { [other]: 'package alone\n\n// Here is here.\nfunc Here() {}\n' });
  const server = await session(t, workspace);
  await definition(server, 'alone.go', 'Alone');
  assert.equal((await views(server)).length, 1);
  await definition(server, other, 'Here');
  assert.equal((await views(server)).length, 2);
});
