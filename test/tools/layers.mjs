// The layer rules of ARCHITECTURE.md on the Rust side, asked of cargo itself. The TypeScript side is in
// eslint.config.mjs, the purity of core and pprof in their clippy.toml.
import { repo } from './lib/paths.mjs';
import { Failure, run } from './lib/run.mjs';

/** Which of our crates each crate may depend on. */
const MAY_USE = {
  'stallscope-pprof': [],
  'stallscope-core': ['stallscope-pprof'],
  'stallscope-doctor': ['stallscope-core'],
  'stallscope-probe': ['stallscope-pprof', 'stallscope-core', 'stallscope-doctor'],
  // Knows nothing of gopls but its names, nor of stalls: what is on the heap of any Go program, and who holds it.
  'stallscope-retain': ['stallscope-pprof'],
  'stallscope-export': ['stallscope-pprof', 'stallscope-core', 'stallscope-probe'],
  'stallscope-addon': [
    'stallscope-pprof',
    'stallscope-core',
    'stallscope-doctor',
    'stallscope-probe',
    'stallscope-export',
    'stallscope-retain',
  ],
  'stallscope-drive': ['stallscope-core', 'stallscope-doctor', 'stallscope-probe'],
  'stallscope-cli': [
    'stallscope-pprof',
    'stallscope-core',
    'stallscope-doctor',
    'stallscope-probe',
    'stallscope-export',
    'stallscope-retain',
    'stallscope-drive',
  ],
};

/** Which crates alone may depend directly on these. */
const OWNED = {
  napi: ['stallscope-addon'],
  'napi-derive': ['stallscope-addon'],
  // The messages of OTLP and of Pyroscope are encoded where they are sent.
  prost: ['stallscope-pprof', 'stallscope-export'],
  // What can send something off the machine: incidents once the export is switched on, the alert of a check.
  ureq: ['stallscope-export', 'stallscope-cli'],
  tonic: ['stallscope-export'],
  'opentelemetry-proto': ['stallscope-export'],
  flate2: ['stallscope-pprof'],
  zip: ['stallscope-probe'],
  'cap-std': ['stallscope-probe'],
  'cap-fs-ext': ['stallscope-probe'],
  // For the one call that reads the memory of another process.
  libc: ['stallscope-retain'],
};

/** What must not even be reached indirectly: the pure crates have no way to do IO, those that watch none to send something away. */
const UNREACHABLE = {
  'stallscope-pprof': ['tokio', 'hyper', 'sysinfo', 'listeners', 'tempfile', 'napi'],
  'stallscope-core': ['tokio', 'hyper', 'sysinfo', 'listeners', 'tempfile', 'cap-std', 'zip', 'napi'],
  'stallscope-doctor': ['tokio', 'hyper', 'sysinfo', 'listeners', 'tempfile', 'cap-std', 'zip', 'napi'],
  'stallscope-probe': ['napi', 'ureq', 'tonic', 'rustls'],
  'stallscope-export': ['napi'],
  'stallscope-drive': ['napi', 'ureq', 'tonic', 'rustls'],
  'stallscope-cli': ['napi'],
};

export async function checkLayers() {
  const broken = [];
  const { stdout } = await run('cargo', ['metadata', '--no-deps', '--locked', '--format-version', '1'], {
    cwd: repo,
  });
  for (const { name, dependencies } of JSON.parse(stdout).packages) {
    if (!MAY_USE[name]) broken.push(`${name}: a new crate; give it its place in test/tools/layers.mjs`);
    for (const dependency of dependencies) {
      // Tests may use more than what ships.
      if (dependency.kind === 'dev') continue;
      const ours = dependency.name.startsWith('stallscope-');
      if (ours && !MAY_USE[name]?.includes(dependency.name))
        broken.push(`${name} must not use ${dependency.name}`);
      const owners = OWNED[dependency.name];
      if (owners && !owners.includes(name))
        broken.push(`only ${owners.join(', ')} may use ${dependency.name}: ${name} does`);
    }
  }
  for (const [name, forbidden] of Object.entries(UNREACHABLE)) {
    const tree = await run(
      'cargo',
      [
        'tree',
        '--locked',
        '-p',
        name,
        '-e',
        'normal',
        '--target',
        'all',
        '--prefix',
        'none',
        '--format',
        '{p}',
      ],
      { cwd: repo },
    );
    const reached = new Set(tree.stdout.split('\n').map((line) => line.split(' ')[0]));
    for (const crate of forbidden) if (reached.has(crate)) broken.push(`${name} reaches ${crate}`);
  }
  if (broken.length > 0) throw new Failure(`layer rules broken:\n  ${broken.join('\n  ')}`);
}
