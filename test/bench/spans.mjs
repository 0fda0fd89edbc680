// What receiving gopls's own spans costs, at the rate of a heavy load.
import { run } from '../tools/lib/run.mjs';
import { example } from './lib/examples.mjs';
import { spread } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const PER_SECOND = 5_000;
const SECONDS = 20;
const RUNS = 5;

export async function spans() {
  const data = [];
  for (let round = 0; round < RUNS; round += 1) {
    const { stdout } = await run(example('span_cost'), [String(PER_SECOND), String(SECONDS)]);
    data.push(JSON.parse(stdout));
  }
  const shares = data.map(({ cpu_ns: cpu, seconds }) => (cpu / 1e9 / seconds) * 100);
  const lost = data.reduce((sum, each) => sum + each.spans_sent - each.spans_received + each.refused, 0);
  const posts = data.map(({ post_us: post }) => post.median / 1000);
  return {
    commands: [`${RUNS} × span_cost ${PER_SECOND} ${SECONDS}`],
    notes: [
      'The bodies are those that a real gopls posted while it loaded its own source for the first time (test/fixtures/spans), ' +
        'posted over and over over one connection. CPU time is that of the receiving thread alone: HTTP, parsing and keeping.',
    ],
    rows: [
      {
        what: `spans: CPU at ${PER_SECOND} a second`,
        wanted: '< 1 % of a core',
        measured: spread(shares, '%'),
        met: median(shares) < 1,
      },
      { what: 'spans: lost or refused', wanted: '0', measured: String(lost), met: lost === 0 },
      { what: 'spans: a post, until it is answered', wanted: '', measured: spread(posts, 'ms') },
    ],
    data,
  };
}
