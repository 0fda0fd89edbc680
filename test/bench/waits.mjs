// What looking at gopls's goroutines costs while somebody waits for a cold load: the share of gopls's CPU time that goes
// into the profiles, and the CPU time of our own threads.
import { log, run } from '../tools/lib/run.mjs';
import { withHost } from './lib/host.mjs';
import { spread } from './lib/report.mjs';
import { FILE, TYPE } from './lib/workspace.mjs';

const RUNS = 9;
/** A cold hover waits at least about as long on two cores. */
const SECONDS = 2;

/** In gopls's CPU profile: what writes a goroutine profile, and all that its debug server does but for the recording itself. */
const OF = {
  looks: ['-focus=runtime/pprof\\.writeGoroutine|runtime\\.goroutineProfile'],
  server: ['-focus=net/http\\.\\(\\*conn\\)\\.serve', '-ignore=net/http/pprof\\.Profile'],
};

export async function waits() {
  const data = [];
  for (let round = 0; round < RUNS; round += 1) {
    data.push(await withHost((host) => oneWait(host)));
    log(`waits: ${round + 1} of ${RUNS}`);
  }
  const looks = of(data, 'looks');
  return {
    commands: [
      `${RUNS} × gopls -debug=127.0.0.1:0 with an empty GOPLSCACHE on its own source, a hover in ${FILE} at once, and ` +
        `meanwhile /debug/pprof/profile?seconds=${SECONDS}`,
      ...Object.values(OF).map(
        (options) => `go tool pprof -top ${options.map((it) => `'${it}'`).join(' ')} PROFILE`,
      ),
    ],
    notes: [
      'Of the samples of gopls’s CPU profiles, those in which it took or wrote a goroutine profile; then those in which its ' +
        'debug server did anything for us, the counters and the captures of the stall, too. What the garbage collector ' +
        'does with what that allocated is in neither. A run has some hundred samples, so that all runs are added up; in ' +
        'brackets the least and the most of one.',
    ],
    rows: [
      {
        what: 'waits: of gopls’s CPU time, looking at its goroutines',
        wanted: '< 2 %',
        measured: looks.text,
        met: looks.percent < 2,
      },
      {
        what: 'waits: of gopls’s CPU time, all that we ask it',
        wanted: '',
        measured: of(data, 'server').text,
      },
      {
        what: 'waits: our own threads meanwhile',
        wanted: '',
        measured: spread(
          data.map(({ own_cpu_share: share }) => share * 100),
          '% of a core',
        ),
      },
    ],
    data,
  };
}

/** A part of the CPU time of all runs. */
function of(data, what) {
  const sum = (pick) => data.reduce((ms, each) => ms + pick(each), 0);
  const percent = (sum((each) => each[what].ms) / sum((each) => each[what].of_ms)) * 100;
  const each = data.map((run) => (run[what].ms / run[what].of_ms) * 100);
  const [least, most] = [Math.min(...each), Math.max(...each)].map((value) => value.toFixed(2));
  return { percent, text: `${percent.toFixed(2)} % (${least}–${most})` };
}

/** The first hover of a gopls, which the core watches and which is profiled. */
async function oneWait(host) {
  await host.call('startGopls', { cache: host.folder('cache') });
  await host.call('watch', { storage: host.folder('storage') });
  await host.call('coldHover', { file: FILE, text: TYPE });
  const file = host.folder('cpu.pb.gz');
  const own = await host.call('profileCpu', { file, seconds: SECONDS });
  const [looks, server] = [await part(OF.looks, file), await part(OF.server, file)];
  await host.call('unwatch');
  await host.call('killGopls');
  return { looks, server, ...own };
}

/** What `go tool pprof` shows of a profile with these options, and the whole of it. */
async function part(options, file) {
  const { stdout } = await run('go', ['tool', 'pprof', '-top', '-unit=ms', ...options, file]);
  const shown = /accounting for ([\d.]+)(?:ms)?, [\d.]+% of ([\d.]+)ms total/.exec(stdout);
  if (!shown) throw new Error(`go tool pprof printed no share of ${file}:\n${stdout}`);
  return { ms: Number(shown[1]), of_ms: Number(shown[2]) };
}
