// What the doctor's page shows: a small workspace in which something is wrong, settings in three files, a real gopls that runs, and
// the log of another one; examined by the real core.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Gopls } from '../lib/gopls.mjs';
import { gopls, repo } from '../tools/lib/paths.mjs';

const LOG = path.join(repo, 'test/fixtures/logs/v0.23.0.log');
/** As a language client writes them: the last time it is not started again. */
const CRASHES = [
  ...Array.from({ length: 5 }, () => '[Error - 9:10:12 PM] Server process exited with code 2.'),
  '[Error - 9:10:12 PM] The gopls server crashed 5 times in the last 3 minutes. The server will not be restarted. See the output for more information.',
  '',
].join('\n');

const FILES = {
  'shop/go.mod': 'module example.test/shop\n\ngo 1.22\n',
  'shop/main.go': 'package main\n\nfunc main() {}\n',
  'shop/go.work': 'go 1.22\n\nuse (\n\t.\n\t./gone\n)\n',
  'shop/.vscode/settings.json': `{
  // Of the team.
  "go.buildTags": "integration",
  "gopls": {
    "build.directoryFilters": ["-**/node_modules", "-third_party"],
    "formatting.local": "example.test",
    "memoryMode": "DegradeClosed",
    "ui.semanticTokens": true
  }
}
`,
  'user.json': `{
  "go.buildTags": "mine",
  "go.languageServerFlags": ["-debug=:6060"],
  "go.toolsEnvVars": { "GOMEMLIMIT": "4GiB" },
  "go.lintTool": "staticcheck",
  "go.alternateTools": { "gopls": ${JSON.stringify(gopls())} },
  "gopls": { "ui.semanticTokens": false, "ui.diagnostic.staticcheck": true }
}
`,
  'shop.code-workspace': `{
  "folders": [{ "path": "shop" }],
  "settings": { "go.languageServerFlags": ["-debug=localhost:0"], "go.formatTool": "gofumpt" }
}
`,
};

export class DoctorScene {
  #home = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-doctor-page-'));
  #server;

  constructor() {
    for (const [name, text] of Object.entries(FILES)) {
      const file = path.join(this.#home, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, text);
    }
    fs.writeFileSync(this.log, fs.readFileSync(LOG, 'utf8') + CRASHES);
  }

  get folder() {
    return path.join(this.#home, 'shop');
  }

  get userSettings() {
    return path.join(this.#home, 'user.json');
  }

  get log() {
    return path.join(this.#home, 'gopls (server).log');
  }

  /** Starts a gopls in the workspace, and returns its process id. */
  async startGopls() {
    this.#server = new Gopls({
      executable: gopls(),
      workspace: this.folder,
      cache: path.join(this.#home, 'cache'),
      env: { GOMEMLIMIT: '4GiB' },
    });
    await this.#server.initialize();
    return this.#server.pid;
  }

  /** What the core says of it, in a language; what explains a wait for `took` comes first. */
  async report(core, { language = 'en', took = [] } = {}) {
    const looked = await core.doctor({
      folder: this.folder,
      language,
      wait: took,
      user_settings: this.userSettings,
      code_workspace: path.join(this.#home, 'shop.code-workspace'),
      gopls: gopls(),
      log: this.log,
      is_trusted: true,
    });
    if (!looked.ok) throw new Error(looked.error.message);
    return looked.value;
  }

  async close() {
    await this.#server?.kill();
    fs.rmSync(this.#home, { recursive: true, force: true });
  }
}
