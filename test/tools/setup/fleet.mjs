// What incidents are exported to: a real OpenTelemetry Collector, built from test/fleet/collector, and a real Prometheus.
import fs from 'node:fs';
import path from 'node:path';
import { installOnce } from '../lib/install.mjs';
import { collector, prometheus, repo } from '../lib/paths.mjs';
import { Failure, cleanEnv, run } from '../lib/run.mjs';
import { aptGet, mayInstall } from './apt.mjs';

const SOURCE = path.join(repo, 'test/fleet/collector');

export async function installCollector() {
  const recipe = ['main.go', 'go.mod']
    .map((file) => fs.readFileSync(path.join(SOURCE, file), 'utf8'))
    .join('\n');
  const dir = path.dirname(collector);
  await installOnce(
    { title: 'OpenTelemetry Collector', dir, witness: path.basename(collector), recipe },
    async (fresh) => {
      const output = path.join(fresh, path.basename(collector));
      await run('go', ['build', '-trimpath', '-ldflags=-s', '-o', output, '.'], {
        cwd: SOURCE,
        env: cleanEnv({ GOFLAGS: '' }),
      });
    },
  );
}

/** Debian's, unpacked and not installed: its package would start a server. */
export async function installPrometheus() {
  const dir = path.dirname(path.dirname(path.dirname(prometheus)));
  await installOnce({ title: 'Prometheus', dir, witness: path.relative(dir, prometheus) }, async (fresh) => {
    const manual = `Put one at ${prometheus}.`;
    if (!fs.existsSync('/usr/bin/apt-get'))
      throw new Failure(`Prometheus is missing, and this machine has no apt-get. ${manual}`);
    if (await mayInstall()) await aptGet('update');
    const packages = path.join(fresh, 'packages');
    fs.mkdirSync(packages);
    await run('apt-get', ['download', 'prometheus'], { cwd: packages });
    for (const file of fs.readdirSync(packages))
      await run('dpkg-deb', ['-x', path.join(packages, file), fresh]);
    fs.rmSync(packages, { recursive: true });
  });
}
