// What the doctor finds in each of the small workspaces, and what the go command says there before and after the fix.
//
// `open` is the folder that is opened, `finds` what is found, `at` the text or the path that each finding marks, `fix` the
// finding and its fix that is tried, `after` what is found then, `symptom` what the text of the finding claims.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { write } from './lib/copies.mjs';
import { go } from './lib/doctor.mjs';

/** `go list` of these folders is refused with a message, and works after the fix. */
const refused =
  (message, ...folders) =>
  async ({ opened, isMended }) => {
    const patterns = folders.length > 0 ? folders : ['./...'];
    const { ok, output } = await go(opened, ['list', ...patterns]);
    if (isMended) return assert.ok(ok, output);
    assert.ok(!ok);
    assert.match(output, message);
  };

/** A package finds another one in this folder of the workspace only after the fix. */
const connects =
  (from, to, folder) =>
  async ({ workspace, isMended }, env) => {
    const args = ['list', '-e', '-deps', '-f', '{{.ImportPath}} {{.Dir}}', '.'];
    const { stdout } = await go(path.join(workspace, from), args, env);
    const line = `${to} ${path.join(workspace, folder)}`;
    assert.equal(stdout.split('\n').includes(line), isMended, stdout);
  };

const listed = async (folder, ...patterns) => {
  const { ok, stdout, output } = await go(folder, ['list', ...patterns]);
  assert.ok(ok, output);
  return stdout.trim().split('\n');
};

const PACKAGES = 25;
const VIEWS = 10;

export const CASES = {
  'healthy-module': { finds: [] },
  'healthy-work': { finds: [] },
  'mod-file-invalid': {
    finds: ['mod-file-invalid'],
    at: { 'mod-file-invalid': 'require example.com/lib' },
    symptom: async ({ opened }) => {
      const { ok, output } = await go(opened, ['list', './...']);
      assert.ok(!ok);
      assert.match(output, /go\.mod:5: usage: require module\/path v1\.2\.3/);
    },
  },
  'use-missing': {
    finds: ['use-missing'],
    at: { 'use-missing': './gone' },
    fix: ['use-missing', 'drop-use'],
    symptom: refused(/cannot load module gone listed in go\.work file/, './app/...', './lib/...'),
  },
  'use-no-module': {
    finds: ['use-no-module'],
    at: { 'use-no-module': './docs' },
    fix: ['use-no-module', 'drop-use'],
    symptom: refused(/cannot load module docs listed in go\.work file/, './app/...', './lib/...'),
  },
  'use-duplicate': {
    finds: ['use-duplicate'],
    at: { 'use-duplicate': 'app/' },
    fix: ['use-duplicate', 'drop-use'],
    symptom: refused(/path .*app appears multiple times in workspace/, './app/...'),
  },
  'use-same-module': {
    finds: ['use-same-module'],
    at: { 'use-same-module': './lib-copy' },
    fix: ['use-same-module', 'drop-use'],
    symptom: refused(/module example\.com\/lib appears multiple times in workspace/, './app/...'),
  },
  'go-work-go-line': {
    finds: ['go-work-go-line'],
    at: { 'go-work-go-line': '1.21' },
    fix: ['go-work-go-line', 'raise-go'],
    symptom: refused(/requires go >= 1\.22\.3, but go\.work lists go 1\.21/, './app/...', './lib/...'),
  },
  'go-work-replaces-used': {
    finds: ['go-work-replaces-used'],
    at: { 'go-work-replaces-used': 'replace example.com/lib => ./other' },
    fix: ['go-work-replaces-used', 'drop-replace'],
    symptom: refused(/is replaced at all versions in the go\.work file/, './app/...'),
  },
  'go-work-replace-conflict': {
    finds: ['go-work-replace-conflict'],
    at: { 'go-work-replace-conflict': 'replace example.com/lib => ../lib2' },
    fix: ['go-work-replace-conflict', 'choose-first'],
    after: ['replace-overridden'],
    symptom: refused(/conflicting replacements for example\.com\/lib/, './app/...'),
  },
  'go-work-off': {
    finds: ['go-work-off'],
    at: { 'go-work-off': 'GOWORK' },
    env: { GOWORK: 'off' },
    symptom: async (where) => {
      const find = connects('app', 'example.com/lib', 'lib');
      await find({ ...where, isMended: false }, { GOWORK: 'off' });
      await find({ ...where, isMended: true });
    },
  },
  'opened-module-not-used': {
    open: 'app',
    finds: ['opened-module-not-used'],
    at: { 'opened-module-not-used': 'app' },
    fix: ['opened-module-not-used', 'add-use'],
    after: ['opened-below-go-work'],
    symptom: refused(/directory prefix \. does not contain modules listed in go\.work/),
  },
  'opened-below-go-work': {
    open: 'app',
    finds: ['opened-below-go-work'],
    at: { 'opened-below-go-work': 'app' },
    symptom: async ({ opened }) => {
      assert.deepEqual(await listed(opened, '-m'), ['example.com/app', 'example.com/lib']);
    },
  },
  'opened-beside-go-work': {
    open: 'app',
    finds: ['opened-beside-go-work'],
    at: { 'opened-beside-go-work': 'app' },
    fix: ['opened-beside-go-work', 'open'],
    symptom: async ({ opened, workspace, isMended }) => {
      const { stdout } = await go(opened, ['env', 'GOWORK']);
      assert.equal(stdout.trim(), isMended ? path.join(workspace, 'work/go.work') : '');
      const { ok } = await go(opened, ['list', '-deps', 'example.com/app']);
      assert.equal(ok, isMended);
    },
  },
  'module-not-used': {
    finds: ['module-not-used'],
    at: { 'module-not-used': 'go.work' },
    fix: ['module-not-used', 'add-use'],
    symptom: connects('app', 'example.com/lib', 'lib'),
  },
  'use-nested': {
    finds: ['use-nested'],
    at: { 'use-nested': './app/lib' },
    symptom: async ({ workspace }) => {
      assert.deepEqual(await listed(path.join(workspace, 'app'), './...'), ['example.com/app']);
    },
  },
  'use-circular': {
    finds: ['use-circular'],
    at: { 'use-circular': './app' },
    symptom: async ({ workspace }) => {
      const imports = await listed(workspace, '-f', '{{.ImportPath}} {{.Imports}}', './app/...', './lib/...');
      assert.ok(imports.includes('example.com/app [example.com/lib]'));
      assert.ok(imports.includes('example.com/lib/on [example.com/app/base]'));
    },
  },
  'use-never-imported': {
    finds: ['use-never-imported'],
    at: { 'use-never-imported': './alone' },
    fix: ['use-never-imported', 'drop-use'],
    symptom: async ({ workspace, isMended }) => {
      const modules = await listed(workspace, '-m');
      assert.equal(modules.includes('example.com/alone'), !isMended);
    },
  },
  'trim-go-work': {
    finds: ['use-never-imported', 'use-never-imported'],
    fix: ['use-never-imported', 'trim'],
    symptom: async ({ workspace, isMended }) => {
      const modules = await listed(workspace, '-m');
      assert.deepEqual(modules.slice(1), isMended ? [] : ['example.com/one', 'example.com/two']);
    },
  },
  'replace-chain': {
    finds: ['replace-chain'],
    at: { 'replace-chain': 'replace example.com/lib => example.com/fork v1.0.0' },
    symptom: refused(/example\.com\/lib@v1\.0\.0 \(replaced by example\.com\/fork@v1\.0\.0\)/, '-m', 'all'),
  },
  'replace-missing': {
    finds: ['replace-missing'],
    at: { 'replace-missing': 'replace example.com/lib => ../lib' },
    fix: ['replace-missing', 'drop-replace'],
    // It has to come from somewhere else then.
    after: ['modules-not-downloaded'],
    symptom: async ({ opened, isMended }) => {
      const { output } = await go(opened, ['list', '-deps', './...']);
      assert.equal(/replacement directory \.\.\/lib does not exist/.test(output), !isMended, output);
    },
  },
  'replace-not-inherited': {
    open: 'app',
    finds: ['replace-not-inherited'],
    at: { 'replace-not-inherited': 'replace example.com/lib => ../lib' },
    symptom: async ({ workspace }) => {
      assert.ok((await go(path.join(workspace, 'lib'), ['list', '-deps', '.'])).ok, 'lib builds by itself');
      const { ok, output } = await go(path.join(workspace, 'app'), ['list', '-deps', '.']);
      assert.ok(!ok);
      assert.match(output, /example\.com\/base/);
    },
  },
  'replace-overridden': {
    finds: ['replace-overridden'],
    at: { 'replace-overridden': 'replace example.com/lib => ../lib1' },
    symptom: async ({ workspace }) => {
      const app = path.join(workspace, 'app');
      const folder = ['list', '-f', '{{.Dir}}', 'example.com/lib'];
      assert.equal((await go(app, folder)).stdout.trim(), path.join(workspace, 'lib2'));
      assert.equal((await go(app, folder, { GOWORK: 'off' })).stdout.trim(), path.join(workspace, 'lib1'));
    },
  },
  'vendor-stale': {
    open: 'app',
    finds: ['vendor-stale'],
    at: { 'vendor-stale': 'app/vendor/modules.txt' },
    fix: ['vendor-stale', 'vendor'],
    symptom: refused(/inconsistent vendoring/),
  },
  'vendor-not-used': {
    finds: ['vendor-not-used'],
    at: { 'vendor-not-used': 'app/vendor' },
    symptom: async ({ workspace }) => {
      const app = path.join(workspace, 'app');
      const folder = ['list', '-f', '{{.Dir}}', 'example.com/lib'];
      assert.equal((await go(app, folder)).stdout.trim(), path.join(workspace, 'lib'));
      const vendored = path.join(app, 'vendor/example.com/lib');
      assert.equal((await go(app, folder, { GOWORK: 'off' })).stdout.trim(), vendored);
    },
  },
  'modules-apart': {
    finds: ['modules-apart'],
    at: { 'modules-apart': 'require example.com/lib v0.0.0' },
    fix: ['modules-apart', 'init'],
    symptom: connects('app', 'example.com/lib', 'lib'),
  },
  'no-module': {
    finds: ['no-module'],
    at: { 'no-module': '' },
    symptom: refused(/directory prefix \. does not contain main module|go\.mod file not found/),
  },
  'module-below': {
    finds: ['module-below'],
    at: { 'module-below': '' },
    symptom: refused(/does not contain main module|go\.mod file not found/),
  },
  'modules-without-go-work': {
    finds: ['modules-without-go-work'],
    at: { 'modules-without-go-work': '' },
    symptom: refused(/does not contain main module|go\.mod file not found/),
  },
  'nested-modules': {
    finds: ['nested-modules'],
    at: { 'nested-modules': '' },
    symptom: async ({ workspace }) => {
      assert.deepEqual(await listed(workspace, './...'), ['example.com/alone']);
    },
  },
  'folder-without-go': {
    prepare: (workspace) => {
      const names = Array.from({ length: 5_100 }, (_, i) => `web/node_modules/p${i % 100}/${i}.js`);
      write(workspace, Object.fromEntries(names.map((name) => [name, 'x'])));
      // As packages of npm bring one now and then.
      write(workspace, { 'web/node_modules/flatted/golang/flatted.go': 'package flatted\n' });
    },
    finds: ['folder-without-go'],
    at: { 'folder-without-go': 'web' },
    fix: ['folder-without-go', 'add-ignore'],
    // Were there a package, the go command would find it.
    symptom: async ({ workspace, isMended }) => {
      const inside = 'web/node_modules/p0';
      write(workspace, { [`${inside}/a.go`]: 'package p0\n' });
      const packages = await listed(workspace, './...');
      fs.rmSync(path.join(workspace, inside, 'a.go'));
      assert.equal(packages.includes(`example.com/alone/${inside}`), !isMended);
    },
  },
  'folder-to-filter': {
    prepare: (workspace) => {
      for (let i = 0; i < PACKAGES; i += 1) {
        const inner = i === 0 ? '' : `\nimport _ "example.com/alone/third_party/p${i - 1}"\n`;
        write(workspace, {
          [`third_party/p${i}/a.go`]: `package p${i}\n${inner}`,
          [`third_party/p${i}/a_test.go`]: `package p${i}\n`,
        });
      }
    },
    finds: ['folder-to-filter'],
    at: { 'folder-to-filter': 'third_party' },
    fix: ['folder-to-filter', 'add-filter'],
    symptom: async ({ workspace, report, isMended }) => {
      assert.equal((await listed(workspace, './third_party/...')).length, PACKAGES + 1);
      const needed = await listed(workspace, '-deps', '.');
      assert.ok(needed.includes('example.com/alone/third_party/needed'));
      if (isMended) return;
      assert.match(
        report.findings.find(({ id }) => id === 'folder-to-filter').why,
        new RegExp(`these ${PACKAGES} packages with ${2 * PACKAGES} files`),
      );
    },
  },
  'modules-not-downloaded': {
    finds: ['modules-not-downloaded'],
    at: { 'modules-not-downloaded': 'example.com/absent v1.0.0' },
    symptom: async ({ opened }) => {
      const { ok, output } = await go(opened, ['list', '-deps', '.']);
      assert.ok(!ok);
      assert.match(output, /alone\.go:3:8: module lookup disabled by GOPROXY=off/);
    },
  },
  'folders-load-the-same': {
    open: 'all.code-workspace',
    finds: ['folders-load-the-same'],
    at: { 'folders-load-the-same': 'all.code-workspace' },
    fix: ['folders-load-the-same', 'open'],
  },
  'many-views': {
    prepare: (workspace) => {
      for (let i = 0; i < VIEWS; i += 1) {
        write(workspace, {
          [`m${i}/go.mod`]: `module example.com/m${i}\n\ngo 1.23\n`,
          [`m${i}/m.go`]: `package m${i}\n\n// M${i} is here.\nfunc M${i}() {}\n`,
        });
      }
    },
    finds: ['many-views'],
    at: { 'many-views': '' },
    fix: ['many-views', 'init'],
    // That nothing connects them is then to be seen.
    after: Array(VIEWS).fill('use-never-imported'),
  },
  'large-file': {
    prepare: (workspace) =>
      write(workspace, { 'data.go': `package alone\n\nvar data = "${'x'.repeat(2 << 20)}"\n` }),
    finds: ['large-file'],
    at: { 'large-file': 'data.go' },
  },
  'large-generated-file': {
    prepare: (workspace) =>
      write(workspace, {
        'data.go': `// Code generated by hand. DO NOT EDIT.\n\npackage alone\n\nvar data = "${'x'.repeat(2 << 20)}"\n`,
        // Left out of the package, and so none of gopls's business.
        'more.go': `//go:build ignore\n\npackage main\n\nvar data = "${'x'.repeat(2 << 20)}"\n`,
      }),
    finds: ['large-generated-file'],
    at: { 'large-generated-file': 'data.go' },
  },
  'large-module': {
    prepare: (workspace) => {
      const files = Array.from({ length: 1_000 }, (_, i) => [`p${i}/a.go`, `package p${i}\n`]);
      write(workspace, Object.fromEntries(files));
    },
    finds: ['large-module'],
    at: { 'large-module': 'go.mod' },
    symptom: async ({ workspace, report }) => {
      assert.equal((await listed(workspace, './...')).length, 1_001);
      assert.match(report.findings[0].title, /has 1001 packages/);
    },
  },
  'tags-exclude': {
    finds: ['tags-exclude'],
    at: { 'tags-exclude': '' },
    symptom: async ({ workspace }) => {
      assert.deepEqual(await listed(workspace, './...'), ['example.com/alone']);
      const tagged = await listed(workspace, '-tags=integration', './...');
      assert.deepEqual(tagged, ['example.com/alone', 'example.com/alone/slow']);
    },
  },
  'ports-exclude': {
    prepare: (workspace) => {
      const other = process.platform === 'win32' ? 'linux' : 'windows';
      const files = Array.from({ length: 50 }, (_, i) => [`a${i}_${other}.go`, 'package alone\n']);
      write(workspace, Object.fromEntries(files));
    },
    finds: ['ports-exclude'],
    at: { 'ports-exclude': '' },
    symptom: async ({ workspace }) => {
      const [files] = await listed(workspace, '-f', '{{len .GoFiles}} {{len .IgnoredGoFiles}}', '.');
      assert.equal(files, '1 50');
    },
  },
};
