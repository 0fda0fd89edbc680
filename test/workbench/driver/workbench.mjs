// A real VS Code workbench (code-server) with a profile of its own, on a loopback port of its own, in a
// process group of its own: nothing of the user's editor is touched, and nothing is left running.
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { codeServer, gopls, node24 } from '../../tools/lib/paths.mjs';
import { Failure, cleanEnv, endGroup, onInterrupt, run } from '../../tools/lib/run.mjs';
import { Editor } from './editor.mjs';
import { descendants } from './processes.mjs';

const ENTRY = path.join(codeServer, 'out/node/entry.js');
const START_TIMEOUT_MS = 60_000;

/** A calm editor: nothing opens, updates or asks by itself. */
const QUIET_SETTINGS = {
  'chat.disableAIFeatures': true,
  'editor.autoIndent': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'extensions.ignoreRecommendations': true,
  'files.autoSave': 'off',
  'files.hotExit': 'off',
  'git.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.commandCenter': false,
  'window.restoreWindows': 'none',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

export class Workbench {
  #server;
  #editors = [];
  #forget = onInterrupt(() => this.stop());
  // The last resort, for a process that ends without having stopped its workbench.
  #onExit = () => this.#signal('SIGKILL');

  /** Use `Workbench.start`. */
  constructor({ home, folder }) {
    this.home = home;
    this.folder = folder;
    this.userData = path.join(home, 'user-data');
    this.extensions = path.join(home, 'extensions');
    this.goplsCache = path.join(home, 'gopls-cache');
    this.serverLog = path.join(home, 'code-server.log');
    this.settingsFile = path.join(this.userData, 'User/settings.json');
    /** Where Stallscope keeps what it caught. */
    this.incidents = path.join(this.userData, 'User/globalStorage/stallscope.stallscope/incidents');
  }

  /**
   * Starts a workbench and waits until it serves.
   *
   * @param {object} options
   * @param {string} options.folder           what is opened
   * @param {string[]} [options.extensions]   .vsix files, or ids for the gallery, to install first
   * @param {object} [options.settings]       user settings
   * @param {NodeJS.ProcessEnv} [options.env] on top of ours; `PATH` begins with the pinned gopls
   * @param {string} [options.home]           an empty folder for everything it writes; default: a new temporary one
   * @param {boolean} [options.trust]         false: the workspace opens in Restricted Mode, as an unknown one does
   */
  static async start({ folder, extensions = [], settings = {}, env = {}, home, trust = true }) {
    if (!fs.existsSync(ENTRY))
      throw new Failure(`no code-server in ${codeServer}: run \`npm test\` or \`npm run demo\``);
    const workbench = new Workbench({
      home: home ?? fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-wb-')),
      folder,
    });
    for (const dir of [workbench.userData, workbench.extensions, workbench.goplsCache]) {
      fs.mkdirSync(dir, { recursive: true });
    }
    try {
      workbench.writeSettings(settings);
      for (const extension of extensions) await workbench.install(extension);
      await workbench.#serve(env, trust);
    } catch (error) {
      await workbench.stop();
      throw error;
    }
    return workbench;
  }

  /** The options which make code-server use our folders only. */
  #ownFolders() {
    const config = path.join(this.home, 'config.yaml');
    if (!fs.existsSync(config)) fs.writeFileSync(config, '');
    return ['--config', config, '--user-data-dir', this.userData, '--extensions-dir', this.extensions];
  }

  /** Installs a .vsix file or, with a deadline, an extension of the gallery. */
  async install(extension, timeoutMs = 120_000) {
    await run(node24, [ENTRY, ...this.#ownFolders(), '--install-extension', extension, '--force'], {
      timeoutMs,
    });
  }

  /** Replaces the user settings. For before the start: a running workbench may not notice. */
  writeSettings(settings) {
    const write = (file, content) => {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, JSON.stringify(content, null, 2));
    };
    write(this.settingsFile, { ...QUIET_SETTINGS, ...settings });
    // To the browser this is a remote machine, and settings of machine scope are taken from that machine alone.
    const ours = Object.entries(settings).filter(([name]) => name.startsWith('stallscope.'));
    write(path.join(this.userData, 'Machine/settings.json'), Object.fromEntries(ours));
  }

  /** The user settings as they are now, whoever wrote them. */
  readSettings() {
    for (let tries = 0; ; tries += 1) {
      try {
        return JSON.parse(fs.readFileSync(this.settingsFile, 'utf8'));
      } catch (error) {
        // The editor is writing it right now.
        if (tries === 20) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      }
    }
  }

  async #serve(env, trust) {
    const log = fs.openSync(this.serverLog, 'a');
    this.#server = spawn(
      node24,
      [
        ENTRY,
        ...this.#ownFolders(),
        // The system picks the port: no race with whoever else starts a workbench now.
        ...[
          '--bind-addr',
          '127.0.0.1:0',
          '--auth',
          'none',
          '--session-socket',
          path.join(this.home, 's.sock'),
        ],
        ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
        ...['--disable-proxy', '--ignore-last-opened', '--log', 'info'],
        ...(trust ? ['--disable-workspace-trust'] : []),
        this.folder,
      ],
      {
        cwd: this.home,
        env: cleanEnv({
          PATH: [path.dirname(gopls()), process.env.PATH].join(path.delimiter),
          GOPLSCACHE: this.goplsCache,
          // "Started from a terminal": keeps this PATH instead of asking the user's login shell for another.
          VSCODE_CLI: '1',
          ...env,
        }),
        detached: true,
        stdio: ['ignore', log, log],
      },
    );
    fs.closeSync(log);
    process.once('exit', this.#onExit);
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const text = fs.readFileSync(this.serverLog, 'utf8');
      const address = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (address && (await healthy(address))) {
        this.address = address;
        this.url = this.#urlOf(this.folder);
        return;
      }
      if (this.#server.exitCode !== null || Date.now() > deadline) {
        throw new Failure(`code-server did not start:\n${text.slice(-4000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Opens a browser window on the workbench. */
  async open(options) {
    const editor = await Editor.open(this.url, options);
    this.#editors.push(editor);
    return editor;
  }

  #urlOf(folder) {
    return `${this.address}/?folder=${encodeURIComponent(folder)}`;
  }

  /** Opens another folder in a window, which ends what the window had before. */
  async openFolder(editor, folder) {
    await editor.go(this.#urlOf(folder));
  }

  get pid() {
    return this.#server?.pid;
  }

  /** Resolves when the server ends by itself. */
  ended() {
    return new Promise((resolve) => this.#server.once('exit', resolve));
  }

  /** The gopls servers below this workbench: no `** telemetry **` children, none that was started to answer a question. */
  goplsProcesses() {
    return descendants(this.pid).filter(({ args }) =>
      /(^|\/)gopls(?!\s+(\*\* telemetry|api-json|help|version))(\s|$)/.test(args),
    );
  }

  /** The extension host. With one window there is one; another pid than before means that it crashed. */
  extensionHost() {
    return descendants(this.pid).find(({ args }) => args.includes('--type=extensionHost'));
  }

  /** The text of every log file of the workbench whose path matches. */
  logs(pattern = /\.log$/) {
    const root = path.join(this.userData, 'logs');
    if (!fs.existsSync(root)) return [];
    return fs
      .readdirSync(root, { recursive: true })
      .filter((name) => name.endsWith('.log') && pattern.test(name))
      .map((name) => ({ name, text: fs.readFileSync(path.join(root, name), 'utf8') }));
  }

  /** The incidents recorded so far, oldest first: each its folder and its parsed `incident.json`. */
  readIncidents() {
    if (!fs.existsSync(this.incidents)) return [];
    return fs
      .readdirSync(this.incidents)
      .sort()
      .map((id) => ({
        id,
        dir: path.join(this.incidents, id),
        file: path.join(this.incidents, id, 'incident.json'),
      }))
      .filter(({ file }) => fs.existsSync(file))
      .map(({ id, dir, file }) => ({ id, dir, incident: JSON.parse(fs.readFileSync(file, 'utf8')) }));
  }

  /** A digest of every file of these incidents, to be compared with one taken later. */
  digests(ids) {
    return ids.flatMap((id) =>
      fs
        .readdirSync(path.join(this.incidents, id))
        .sort()
        .map((name) => {
          const bytes = fs.readFileSync(path.join(this.incidents, id, name));
          return `${id}/${name} ${crypto.createHash('sha256').update(bytes).digest('hex')}`;
        }),
    );
  }

  #signal(signal) {
    if (!this.#server?.pid) return;
    // Some descendants make a group of their own; take them by their parents while those still live.
    const family = descendants(this.#server.pid);
    endGroup(this.#server.pid, signal);
    for (const { pid } of family) {
      try {
        process.kill(pid, signal);
      } catch {
        // Gone with the group.
      }
    }
  }

  /** Ends the browser windows and every process of the workbench; removes its folder unless told to keep it. */
  async stop({ keep = false } = {}) {
    for (const editor of this.#editors.splice(0)) await editor.close().catch(() => {});
    if (this.#server && this.#server.exitCode === null && this.#server.signalCode === null) {
      const gone = this.ended();
      this.#signal('SIGTERM');
      const timer = setTimeout(() => this.#signal('SIGKILL'), 5000);
      await gone;
      clearTimeout(timer);
    }
    this.#signal('SIGKILL');
    process.off('exit', this.#onExit);
    this.#forget();
    // A dying process may still write into it.
    if (!keep) fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

async function healthy(address) {
  try {
    return (await fetch(`${address}/healthz`)).ok;
  } catch {
    return false;
  }
}
