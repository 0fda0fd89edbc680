// `stallscope analyze` against `go tool pprof -top`, as whole processes, and against inflating the file alone.
import fs from 'node:fs';
import path from 'node:path';
import { cli, out, repo } from '../tools/lib/paths.mjs';
import { run, step } from '../tools/lib/run.mjs';
import { example } from './lib/examples.mjs';
import { buildMeasure, measureInTurn } from './lib/measure.mjs';
import { commandLine, spread } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const SAMPLES = 800_000;
const REAL = path.join(repo, 'test/fixtures/profiles/gopls-v0.23.0-loaded.pb.gz');
const MB = 1e6;

/** The two profiles, how often they are measured, and what is wanted of them. */
const CASES = [
  { name: 'real', file: () => REAL, runs: 11, fasterThanPprof: 20, small: true },
  // pprof takes some ten seconds and two GB for it.
  { name: `${SAMPLES / 1000}k samples`, file: synthesize, runs: 5, fasterThanPprof: 50, small: false },
];

export async function analyze() {
  await buildMeasure();
  const { stdout } = await run('go', ['tool', '-n', 'pprof']);
  const report = {
    commands: [],
    notes: [
      'Ratios are taken pair by pair, the commands run in turn. Peak memory is the max RSS which wait4 reports.',
      '`go tool pprof` is what people type. The go command itself takes most of that time on a small profile, so the ' +
        'ratio to its pprof alone is given too.',
    ],
    rows: [],
    data: {},
  };
  for (const { name, file, runs, fasterThanPprof, small } of CASES) {
    const profile = await file();
    const commands = {
      ours: [cli, 'analyze', profile],
      pprof: ['go', 'tool', 'pprof', '-top', profile],
      inflate: [example('inflate_only'), profile],
      ...(small && { pprofAlone: [stdout.trim(), '-top', profile] }),
    };
    const measured = await step(`analyze: ${name}, ${runs} runs of each`, () =>
      measureInTurn(Object.values(commands), runs),
    );
    const of = Object.fromEntries(Object.keys(commands).map((key, index) => [key, measured[index]]));
    report.data[name] = of;
    const typed = { ...commands, ...(small && { pprofAlone: ['$(go tool -n pprof)', '-top', profile] }) };
    report.commands.push(...Object.values(typed).map(commandLine));
    report.rows.push(...rows(name, of, fasterThanPprof));
  }
  return report;
}

function rows(name, { ours, pprof, pprofAlone, inflate }, fasterThanPprof) {
  const figures = (runs, key, scale, unit) => {
    const values = runs.map((run) => run[key] / scale);
    return spread(values, unit);
  };
  const ms = (runs, key = 'wall_ns') => figures(runs, key, 1e6, 'ms');
  const mb = (runs) => figures(runs, 'peak_rss_bytes', MB, 'MB');
  const ratios = (over, under) => over.map((run, index) => run.wall_ns / under[index].wall_ns);
  const row = (what, measured, more = {}) => ({
    what: `analyze ${name}: ${what}`,
    wanted: '',
    measured,
    ...more,
  });
  const faster = ratios(pprof, ours);
  const overInflate = ratios(ours, inflate);
  const atMostMb = 300;
  return [
    row('time', ms(ours)),
    row('CPU time', ms(ours, 'cpu_ns')),
    row('time of go tool pprof -top', ms(pprof)),
    row('time of inflating alone', ms(inflate)),
    row('faster than go tool pprof', spread(faster, '×'), {
      wanted: `>= ${fasterThanPprof} ×`,
      met: median(faster) >= fasterThanPprof,
    }),
    // A small file is inflated before a process has started: nothing is asked there.
    pprofAlone
      ? row('faster than pprof without the go command', spread(ratios(pprofAlone, ours), '×'))
      : row('time over inflating alone', spread(overInflate, '×', 2), {
          wanted: '<= 2 ×',
          met: median(overInflate) <= 2,
        }),
    row('peak memory', mb(ours), {
      wanted: `< ${atMostMb} MB`,
      met: ours.every(({ peak_rss_bytes }) => peak_rss_bytes < atMostMb * MB),
    }),
    row('peak memory of pprof', mb(pprof)),
  ];
}

async function synthesize() {
  const file = path.join(out, 'bench', `synthetic-${SAMPLES}.pb.gz`);
  if (!fs.existsSync(file)) {
    await step(`make a profile with ${SAMPLES} samples`, async () => {
      await run(example('synth_profile'), [`${file}.new`, String(SAMPLES)]);
      fs.renameSync(`${file}.new`, file);
    });
  }
  return file;
}
