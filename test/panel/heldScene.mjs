// A real gopls on a small module or on a workspace of one's own, and its living heap opened in the host of a panel.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Gopls } from '../lib/gopls.mjs';
import { heapRequest } from '../lib/heapOf.mjs';
import { gopls as goplsFile } from '../tools/lib/paths.mjs';
import { baseStatus, Host } from './host.mjs';

const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';

export class HeldScene {
  package = 'example.com/held';

  /** `workspace` with a file in it and a word in that; without them a small module is made. */
  static async start({ workspace, file = 'main.go', word = 'Println', cache } = {}) {
    const scene = new HeldScene();
    scene.scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-held-'));
    if (workspace === undefined) {
      workspace = path.join(scene.scratch, 'module');
      fs.mkdirSync(workspace);
      fs.writeFileSync(path.join(workspace, 'go.mod'), `module ${scene.package}\n\ngo 1.21\n`);
      fs.writeFileSync(path.join(workspace, file), MAIN);
    }
    scene.gopls = new Gopls({
      executable: goplsFile(),
      workspace,
      cache: cache ?? path.join(scene.scratch, 'cache'),
    });
    await scene.gopls.initialize();
    const { uri, text } = scene.gopls.open(file);
    const before = text.slice(0, text.indexOf(word)).split('\n');
    await scene.gopls.hover(uri, { line: before.length - 1, character: before.at(-1).length });
    // The check is against what a collection has just found.
    const collected = await fetch(`${await scene.gopls.debugAddress()}/debug/pprof/heap?gc=1`);
    await collected.arrayBuffer();
    scene.host = new Host();
    const { host, gopls } = scene;
    const opened = await host.core.openHeap(await heapRequest(host.core, gopls.pid), () => {});
    if (!opened.ok) throw new Error(opened.error.message);
    host.heapView = { ...host.heapView, heap: opened.value };
    host.status = { ...baseStatus, gopls: { ...baseStatus.gopls, pid: gopls.pid } };
    host.page = 'retain';
    return scene;
  }

  async close() {
    await this.host.core.closeHeap();
    this.host.close();
    await this.gopls.kill();
    fs.rmSync(this.scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}
