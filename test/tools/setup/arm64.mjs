// What it takes to build for 64-bit ARM on another Linux machine, and a whole such machine in software: a processor and Debian's kernel.
import fs from 'node:fs';
import path from 'node:path';
import { installOnce } from '../lib/install.mjs';
import { arm64 } from '../lib/paths.mjs';
import { Failure, run } from '../lib/run.mjs';
import { aptInstall, mayRun } from './apt.mjs';

/** Rust's standard library for it. Returns why it cannot be had, or undefined. */
export async function installArm64Target() {
  try {
    const { code, output } = await run('rustup', ['target', 'add', arm64.triple], { allowFailure: true });
    return code === 0 ? undefined : `rustup cannot add ${arm64.triple}: ${output.trim()}`;
  } catch {
    return `there is no rustup to add ${arm64.triple} with`;
  }
}

/** A compiler and linker for C, which some crates have, and the libraries that what it links needs. */
export async function installArm64Compiler() {
  const missing = await installArm64Target();
  if (missing) throw new Failure(`Nothing can be built for 64-bit ARM: ${missing}.`);
  if (await mayRun(arm64.compiler, ['--version'])) return;
  await aptInstall(
    'A C compiler for 64-bit ARM',
    ['gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross'],
    'Install one (Debian: `sudo apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross`).',
  );
}

/** A machine in software. */
export async function installArm64Machine() {
  if (!(await mayRun(arm64.machine, ['--version']))) {
    await aptInstall(
      'A 64-bit ARM machine in software',
      ['qemu-system-arm'],
      'Install one (Debian: `sudo apt-get install qemu-system-arm`).',
    );
  }
  await installKernel();
}

/** Debian's kernel for it, unpacked and not installed. */
async function installKernel() {
  const dir = path.dirname(arm64.kernel);
  await installOnce(
    { title: 'a kernel for 64-bit ARM', dir, witness: path.basename(arm64.kernel) },
    async (fresh) => {
      const manual = `Put an uncompressed one at ${arm64.kernel}.`;
      if (!fs.existsSync('/usr/bin/apt-get'))
        throw new Failure(`A kernel for 64-bit ARM is missing, and this machine has no apt-get. ${manual}`);
      // Lists of its own: those of this machine are of another architecture.
      const own = path.join(fresh, 'apt');
      for (const folder of ['lists/partial', 'cache/archives/partial'])
        fs.mkdirSync(path.join(own, folder), { recursive: true });
      fs.writeFileSync(path.join(own, 'status'), '');
      const options = {
        'APT::Architecture': 'arm64',
        'APT::Architectures': 'arm64',
        'APT::Sandbox::User': '',
        'Dir::State': own,
        'Dir::State::status': path.join(own, 'status'),
        'Dir::Cache': path.join(own, 'cache'),
      };
      const apt = (program, ...args) =>
        run(
          program,
          [...Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]), ...args],
          {
            cwd: own,
          },
        );
      await apt('apt-get', 'update');
      const { stdout } = await apt('apt-cache', 'depends', 'linux-image-cloud-arm64');
      const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
      if (!name) throw new Failure(`Debian's lists have no kernel for 64-bit ARM. ${manual}`);
      await apt('apt-get', 'download', name);
      const file = fs.readdirSync(own).find((entry) => entry.endsWith('.deb'));
      await run('dpkg-deb', ['-x', path.join(own, file), own]);
      const boot = path.join(own, 'boot');
      const image = fs.readdirSync(boot).find((entry) => entry.startsWith('vmlinuz-'));
      fs.renameSync(path.join(boot, image), path.join(fresh, path.basename(arm64.kernel)));
      fs.rmSync(own, { recursive: true });
    },
  );
}
