// Everything a fresh machine with git, Rust, Go and Node lacks. Each part is skipped when it is there.
import { Failure, run } from './lib/run.mjs';
import { installChromium } from './setup/chromium.mjs';
import { installCodeServer } from './setup/code-server.mjs';
import { installCollector, installPrometheus } from './setup/fleet.mjs';
import { installGopls, installGoplsSource } from './setup/gopls.mjs';
import { buildLeakyServer } from './setup/leaky-server.mjs';
import { installLinker } from './setup/linker.mjs';
import { installNodeModules } from './setup/npm.mjs';
import { installSchemas } from './setup/schemas.mjs';
import { buildStandIn } from './setup/stand-in-gopls.mjs';

/** What building needs. */
export async function setUpBuild() {
  await requireTools();
  await installLinker();
  await installNodeModules();
}

/** What a workbench with gopls in it needs, besides a browser. */
export async function setUpWorkbench() {
  // One lane waits for the network while the other compiles; apt goes first because it may ask to stop.
  await Promise.all([
    installCodeServer(),
    (async () => {
      await installGopls();
      await installGoplsSource();
    })(),
  ]);
}

/** What incidents are exported to. */
export async function setUpFleet() {
  await installPrometheus();
  await installCollector();
}

export { buildLeakyServer, buildStandIn, installChromium, installSchemas };

/** The four things we do not install ourselves, each with its remedy. */
async function requireTools() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Failure(`Node 20.19 or later is needed; this is ${process.version}.`);
  }
  for (const [command, args, remedy] of [
    ['cargo', ['--version'], 'Install Rust from https://rustup.rs.'],
    ['go', ['version'], 'Install Go from https://go.dev/dl.'],
    ['git', ['--version'], 'Install git.'],
  ]) {
    try {
      await run(command, args);
    } catch (error) {
      throw new Failure(`\`${command}\` does not work here. ${remedy}\n${error.message}`);
    }
  }
}
