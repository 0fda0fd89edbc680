// The two commands against settings in memory: what they write, and above all what they do not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import Module from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { GoplsTiming as Timing } from './timing';

/** As much of the editor as the commands need. */
class Editor {
  flags: string[] | undefined;
  workspaceFlags: string[] | undefined;
  said: string[] = [];
  answer: string | undefined;
  private readonly commands = new Map<string, () => Promise<void>>();
  private changed: (change: { affectsConfiguration: () => boolean }) => void = () => {};

  api = () => ({
    l10n: {
      t: (text: string, values: Record<string, string> = {}) =>
        text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''),
    },
    commands: {
      registerCommand: (name: string, run: () => Promise<void>) => {
        this.commands.set(name, run);
        return { dispose() {} };
      },
    },
    window: { showInformationMessage: this.say, showWarningMessage: this.say },
    ConfigurationTarget: { Global: 1 },
    workspace: {
      onDidChangeConfiguration: (listener: Editor['changed']) => {
        this.changed = listener;
        return { dispose() {} };
      },
      getConfiguration: () => ({
        inspect: () => ({ defaultValue: [], globalValue: this.flags, workspaceValue: this.workspaceFlags }),
        update: (_name: string, flags: string[] | undefined) => {
          this.flags = flags;
          this.changed({ affectsConfiguration: () => true });
          return Promise.resolve();
        },
      }),
    },
    extensions: { getExtension: () => undefined },
  });

  private readonly say = (text: string) => {
    this.said.push(text);
    return Promise.resolve(this.answer);
  };

  run = (command: string) => this.commands.get(`stallscope.${command}`)?.();
}

/** The commands beside a gopls of a version, and the ports that the core was given. */
function beside(t: TestContext, version: string | null, flags: string[] | undefined) {
  const editor = new Editor();
  editor.flags = flags;
  const loader = Module as unknown as { _load: (name: string, ...rest: unknown[]) => unknown };
  const load = loader._load;
  t.mock.method(loader, '_load', (name: string, ...rest: unknown[]) =>
    name === 'vscode' ? editor.api() : load(name, ...rest),
  );
  for (const file of Object.keys(require.cache))
    if (file.includes('extension/src')) Reflect.deleteProperty(require.cache, file);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- after `vscode` can be loaded
  const { GoplsTiming } = require('./timing') as { GoplsTiming: typeof Timing };
  const ports: (number | null)[] = [];
  const core = { recordSpans: (port: number | null) => (ports.push(port), { ok: true, value: null }) };
  const status = { gopls: version === null ? null : { version }, at_ns: 0 };
  let tell: (event: object) => void = () => {};
  const session = {
    running: core,
    status,
    onEvent: (listener: typeof tell) => ((tell = listener), { dispose() {} }),
  };
  const place = { extensionPath: '/nowhere', globalStorageUri: { fsPath: '/nowhere/User/globalStorage/x' } };
  new GoplsTiming(session as never, place as never, { warn() {}, error() {} } as never);
  tell({ kind: 'status', status });
  return { editor, ports, tell };
}

test('a yes adds the flag and receives on its port; undo takes exactly that away', async (t) => {
  const { editor, ports } = beside(t, 'v0.23.0', ['-rpc.trace']);
  editor.answer = 'Record';
  await editor.run('recordTiming');
  const port = Number(
    /^-otel=http:\/\/127\.0\.0\.1:(2\d{4})\/stallscope$/.exec(editor.flags?.[0] ?? '')?.[1],
  );
  assert.ok(port >= 20_000 && port < 30_000, String(editor.flags));
  assert.deepEqual(editor.flags?.slice(1), ['-rpc.trace']);
  assert.match(editor.said[0] ?? '', /restarts gopls.*which files.*another program/s);
  await editor.run('recordTiming');
  assert.match(editor.said[1] ?? '', /already/);
  await editor.run('undoRecordTiming');
  assert.deepEqual(editor.flags, ['-rpc.trace']);
  assert.deepEqual(ports, [null, port, null]);
  await editor.run('undoRecordTiming');
  assert.match(editor.said.at(-1) ?? '', /do not ask/);
});

test('no yes, no change', async (t) => {
  const { editor, ports } = beside(t, 'v0.23.0', undefined);
  await editor.run('recordTiming');
  assert.deepEqual([editor.flags, editor.said.length, ports], [undefined, 1, [null]]);
});

for (const [what, version, flags, why] of [
  ['a gopls that would not start with it', 'v0.21.1', [], /v0\.21\.1 cannot post .* would not start/],
  ['a gopls of an unknown version', '(devel)', [], /not known/],
  ['no gopls', null, [], /not known/],
  ['an address of the user’s own', 'v0.23.0', ['-otel=http://localhost:4318'], /localhost:4318 already/],
  ['a daemon', 'v0.23.0', ['-remote=auto'], /-remote/],
] as const) {
  test(`${what} is never given the flag`, async (t) => {
    const { editor } = beside(t, version, [...flags]);
    editor.answer = 'Record';
    await editor.run('recordTiming');
    assert.deepEqual(editor.flags, flags);
    assert.match(editor.said.join(), why);
  });
}

test('a workspace that has flags of its own is told, not written over', async (t) => {
  const { editor } = beside(t, 'v0.23.0', []);
  editor.workspaceFlags = ['-vv'];
  editor.answer = 'Record';
  await editor.run('recordTiming');
  assert.deepEqual([editor.flags, editor.workspaceFlags], [[], ['-vv']]);
  assert.match(editor.said[0] ?? '', /counts more/);
});

/** A `gopls` on the PATH that says it is of this version; without one it fails. */
function installed(t: TestContext, version: string | null) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-gopls-'));
  const says = version === null ? 'exit 1' : `echo 'golang.org/x/tools/gopls ${version}'`;
  fs.writeFileSync(path.join(folder, 'gopls'), `#!/bin/sh\n${says}\n`, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = folder;
  t.after(() => {
    process.env['PATH'] = before;
    fs.rmSync(folder, { recursive: true });
  });
}

const OURS = '-otel=http://127.0.0.1:24711/stallscope';
const SECOND_NS = 1e9;
const missing = (second: number) => ({ kind: 'status', status: { gopls: null, at_ns: second * SECOND_NS } });
/** What a program that was asked has answered, and what follows from it. */
const asked = () => new Promise((resolve) => setTimeout(resolve, 300));

test('a gopls that does not know the flag and does not start is explained, once, and helped', async (t) => {
  installed(t, 'v0.21.0');
  const { editor, tell } = beside(t, null, [OURS, '-rpc.trace']);
  editor.answer = 'Remove the Flag';
  tell(missing(1));
  tell(missing(15));
  await asked();
  assert.deepEqual(editor.said, [], 'it may still be starting');
  tell(missing(17));
  tell(missing(18));
  await asked();
  assert.match(editor.said[0] ?? '', /v0\.21\.0 does not know -otel, which Stallscope added/);
  assert.match(editor.said[1] ?? '', /-otel was removed/);
  assert.equal(editor.said.length, 2);
  assert.deepEqual(editor.flags, ['-rpc.trace']);
});

for (const [what, version, flags] of [
  ['a gopls that knows it', 'v0.23.0', [OURS]],
  ['a gopls that does not tell its version', null, [OURS]],
  ['flags that are not ours', 'v0.21.0', ['-otel=http://localhost:4318']],
] as const) {
  test(`${what} is not blamed on the flag`, async (t) => {
    installed(t, version);
    const { editor, tell } = beside(t, null, [...flags]);
    editor.answer = 'Remove the Flag';
    tell(missing(1));
    tell(missing(17));
    await asked();
    assert.deepEqual([editor.said, editor.flags], [[], flags]);
  });
}
