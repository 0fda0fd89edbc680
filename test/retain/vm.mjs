// A machine in software with a kernel of its own: Debian's, which has what the kernel at hand may lack, such as Yama. Nothing is on it but
// a shell and the files it is given; processes, signals and permissions are the kernel's own, only the processor is slow.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installOnce } from '../tools/lib/install.mjs';
import { out } from '../tools/lib/paths.mjs';
import { Failure, run } from '../tools/lib/run.mjs';
import { aptInstall, mayRun } from '../tools/setup/apt.mjs';
import { Console } from './console.mjs';
import { writeDisk } from './disk.mjs';

const MINUTE = 60_000;
const EMULATOR = 'qemu-system-x86_64';
const MEMORY_MB = 2048;
/** An order that takes longer has hung the machine. */
const LONGEST_MS = 5 * MINUTE;
/** What the machine begins its lines with. */
const MARK = 'vm: ';

const folder = path.join(out, 'vm');
const kernel = path.join(folder, 'vmlinuz');
const busybox = path.join(folder, 'busybox');

/** Why there can be no such machine here, if so. */
export const noVm =
  (process.platform !== 'linux' || process.arch !== 'x64') && 'it is made for Linux on 64-bit x86';

/** The emulator, and Debian's kernel and shell, unpacked and not installed. */
export async function installVm() {
  if (!(await mayRun(EMULATOR, ['--version'])))
    await aptInstall(
      'A machine in software',
      ['qemu-system-x86'],
      'Install one (Debian: `sudo apt-get install qemu-system-x86`).',
    );
  await installOnce(
    { title: 'a kernel and a shell', dir: folder, witness: path.basename(kernel) },
    async (fresh) => {
      const { stdout } = await run('apt-cache', ['depends', 'linux-image-amd64']);
      const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
      if (!name) throw new Failure(`apt's lists have no kernel. Put one at ${kernel}.`);
      await run('apt-get', ['download', name, 'busybox-static'], { cwd: fresh });
      const unpacked = path.join(fresh, 'unpacked');
      for (const file of fs.readdirSync(fresh).filter((file) => file.endsWith('.deb'))) {
        await run('dpkg-deb', ['-x', path.join(fresh, file), unpacked]);
        fs.rmSync(path.join(fresh, file));
      }
      const image = fs.readdirSync(path.join(unpacked, 'boot')).find((file) => file.startsWith('vmlinuz-'));
      fs.renameSync(path.join(unpacked, 'boot', image), path.join(fresh, path.basename(kernel)));
      fs.renameSync(path.join(unpacked, 'bin/busybox'), path.join(fresh, path.basename(busybox)));
      fs.rmSync(unpacked, { recursive: true });
    },
  );
}

const MOUNTED = ['dev', 'proc', 'sys', 'tmp'];

/** Does what it reads from the console, a command a line, and answers with its exit code and, in base64, with what it wrote. */
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=1777 tmpfs /tmp
stty -echo
echo '${MARK}ready'
while read -r order; do
  eval "$order" >/tmp/.stdout 2>/tmp/.stderr </dev/null
  echo "${MARK}$? $(base64 -w 0 /tmp/.stdout) $(base64 -w 0 /tmp/.stderr)"
done
poweroff -f
`;

/**
 * Boots one; `files` are put on it, with the libraries they are linked with: their name there, and where they are here.
 * @param {Record<string, string>} files
 */
export async function boot(files) {
  const libraries = await Promise.all(Object.values(files).map(librariesOf));
  const all = { ...files, 'bin/busybox': busybox };
  for (const file of libraries.flat()) all[file.slice(1)] = file;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-vm-'));
  const disk = path.join(folder, 'disk');
  writeDisk(disk, { ...all, init: Buffer.from(INIT) }, MOUNTED);
  const machine = new Machine(folder, disk);
  await machine.ready();
  return machine;
}

async function librariesOf(file) {
  const { stdout } = await run('ldd', [file], { allowFailure: true });
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library);
}

export class Machine {
  #console;

  constructor(folder, disk) {
    const args = [
      ...['-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', `${MEMORY_MB}`],
      ...['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio'],
      ...['-kernel', kernel, '-initrd', disk, '-append', 'console=ttyS0 quiet loglevel=1 panic=-1'],
    ];
    this.#console = new Console(EMULATOR, args, { mark: MARK, longestMs: LONGEST_MS, folder });
  }

  async ready() {
    assert.equal(await this.#console.answer(), 'ready');
  }

  /** Has its shell do something; the exit code and what was written. */
  async sh(order) {
    const [code, ...written] = (await this.#console.ask(order)).split(' ');
    const [stdout, stderr] = written.map((text) => Buffer.from(text, 'base64').toString());
    return { code: Number(code), stdout, stderr };
  }

  off() {
    return this.#console.off('poweroff -f');
  }
}
