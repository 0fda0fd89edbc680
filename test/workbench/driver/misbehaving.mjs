// A scene in which much goes wrong: a workbench on a small module whose gopls misbehaves on demand (test/stand-in-gopls).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { standIn } from '../../tools/lib/paths.mjs';
import { Failure } from '../../tools/lib/run.mjs';
import { DEBUG_FLAGS, extensionsUnderTest } from './scenario.mjs';
import { MAIN_TEXT, writeSmallModule } from './smallModule.mjs';
import { Workbench } from './workbench.mjs';

/** Signs of a stall that come soon, so that a test need not wait for them. */
const QUICK_SETTINGS = {
  'stallscope.captureRiseMB': 1,
  'stallscope.captureCooldownSeconds': 1,
  'stallscope.captureDeadlineSeconds': 2,
  'stallscope.capturesPerHour': 120,
  'stallscope.baselineIntervalSeconds': 0,
  'go.languageServerFlags': DEBUG_FLAGS,
};
/** Room for the panel beside the file. */
const VIEWPORT = { width: 1800, height: 1000 };
/** Enough to be a rise, and less than would double the stand-in's memory. */
const GROW_MB = 20;

export class Scene {
  #hostPid;
  #digests = [];

  /** Use `Scene.start`. */
  constructor(home) {
    this.modeFile = path.join(home, 'stand-in-mode.json');
  }

  /**
   * Opens the workbench and one window on it. Further options are those of `Workbench.start`, and:
   *
   * @param {object} options
   * @param {(home: string, workspace: string) => void} [options.prepare]  what must be there before it starts
   */
  static async start({ settings = {}, prepare, ...options } = {}) {
    if (!fs.existsSync(standIn.executable)) throw new Failure(`no ${standIn.executable}: run \`npm test\``);
    const home = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-wb-'));
    const folder = writeSmallModule(home);
    const scene = new Scene(home);
    scene.behave();
    try {
      prepare?.(home, folder);
      scene.workbench = await Workbench.start({
        home,
        folder,
        extensions: extensionsUnderTest(),
        settings: { ...QUICK_SETTINGS, ...settings },
        env: {
          PATH: [standIn.folder, process.env.PATH].join(path.delimiter),
          STAND_IN_REAL_GOPLS: standIn.real,
          STAND_IN_MODE: scene.modeFile,
        },
        ...options,
      });
      scene.editor = await scene.workbench.open({ viewport: VIEWPORT });
    } catch (error) {
      await scene.stop();
      fs.rmSync(home, { recursive: true, force: true });
      throw error;
    }
    return scene;
  }

  async stop(options) {
    await this.workbench?.stop(options);
  }

  /** Removes the folder of a workbench that was stopped with `keep`. */
  remove() {
    fs.rmSync(this.workbench.home, { recursive: true, force: true });
  }

  /** What the stand-in does from now on (see its mode.go); without arguments it is a well-behaved gopls. */
  behave(mode = {}) {
    // By a rename: it may be read at any moment.
    fs.writeFileSync(`${this.modeFile}.new`, JSON.stringify(mode));
    fs.renameSync(`${this.modeFile}.new`, this.modeFile);
  }

  /** The gopls that Stallscope is to watch: the stand-in. */
  gopls() {
    const [gopls] = this.workbench.goplsProcesses();
    assert.ok(gopls, 'no gopls is running');
    return gopls;
  }

  /** Waits until `look` returns something. */
  until(what, look, options) {
    return this.editor.waitFor(what, look, { everyMs: 20, ...options });
  }

  /** Waits until the panel says something of that kind. */
  panelSays(pattern, options) {
    let said;
    return this.until(
      `the panel saying ${pattern}`,
      async () => pattern.test((said = await this.editor.panelText())),
      options,
    ).catch((error) => assert.fail(`${error.message}; it says\n${said}`));
  }

  /** A hover that takes `holdHoverMs`, while memory grows and the stand-in behaves as told. */
  async slowHover(mode) {
    this.behave({ growMB: GROW_MB, ...mode });
    const answer = await this.editor.hover(MAIN_TEXT);
    this.behave(mode.silent ? { silent: true } : {});
    return answer;
  }

  /** A slow hover, with `meanwhile` beside it. Returns the incident, and checks that nothing else was harmed. */
  async stall(mode, meanwhile) {
    const before = this.workbench.readIncidents().map(({ id }) => id);
    await Promise.all([this.slowHover(mode), meanwhile?.()]);
    const caught = await this.until('the incident', () =>
      this.workbench
        .readIncidents()
        .find(({ id, incident }) => !before.includes(id) && incident.state !== 'open'),
    );
    assert.equal(caught.incident.request.method, 'textDocument/hover');
    await this.unharmed(caught.id);
    return caught;
  }

  /**
   * The extension host is the same as ever, the incidents of before are what they were, to the byte, and in the
   * panel's list; there are no traces of unfinished writing. The newest incident may be new.
   */
  async unharmed(newest) {
    const { workbench } = this;
    const { pid } = workbench.extensionHost();
    this.#hostPid ??= pid;
    assert.equal(pid, this.#hostPid, 'the extension host is another one');
    const ids = workbench.readIncidents().map(({ id }) => id);
    const earlier = workbench.digests(ids.filter((id) => id !== newest));
    assert.deepEqual(
      earlier.filter((digest) => this.#digests.includes(digest)),
      this.#digests,
    );
    this.#digests = workbench.digests(ids);
    assert.deepEqual(this.leftovers(), []);
    await this.until('all incidents in the list', async () => {
      const panel = await this.editor.webview('.incidents');
      return (await panel.locator('.incidents [role=option]').count()) === ids.length;
    });
  }

  /** Files that are there only while something is being written. */
  leftovers() {
    const storage = path.dirname(this.workbench.incidents);
    return fs
      .readdirSync(storage, { recursive: true })
      .filter((name) => /\.part$|(^|\/)\.tmp-/.test(name))
      .sort();
  }

  /** How much of a capture that is under way has come. */
  arrivingBytes() {
    const arriving = this.leftovers().find((name) => /heap.*\.part$/.test(name));
    return arriving ? fs.statSync(path.join(path.dirname(this.workbench.incidents), arriving)).size : 0;
  }

  /** Watches how much the extension host grows. */
  watchHostMemory() {
    const { pid, rssBytes: before } = this.workbench.extensionHost();
    let peak = before;
    const look = () => {
      const rss = /^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
      peak = Math.max(peak, Number(rss[1]) * 1024);
    };
    const timer = setInterval(look, 20);
    return {
      stop: () => {
        clearInterval(timer);
        return { grownBytes: peak - before };
      },
    };
  }
}
