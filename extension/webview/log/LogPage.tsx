import { useEffect, useState } from 'preact/hooks';
import type { LogOverview } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty, Loading } from '../ui/Feedback';
import { Collections } from './Collections';
import { InFlight } from './InFlight';
import { Loads } from './Loads';
import { Methods } from './Methods';
import { Requests } from './Requests';
import { Texts } from './Texts';
import { clock } from './words';

const FOLLOW_EVERY_MS = 1000;

/** A message log of gopls: how long each request took, and what gopls said. */
export function LogPage({ visible }: { visible: boolean }) {
  const { rpc, run } = usePanel();
  const [overview, setOverview] = useState<LogOverview | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [follow, setFollow] = useState(false);
  // Raised when the page is opened once more: then it is about another log.
  const [opened, setOpened] = useState(0);

  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === 'page' && push.page === 'log') {
          setFollow(false);
          setOpened((n) => n + 1);
        }
      }),
    [rpc],
  );
  useEffect(() => {
    let timer: number | undefined;
    let current = true;
    const look = (readOn: boolean): void => {
      rpc.ask('logOverview', { readOn }).then(
        (value) => {
          if (!current) return;
          setOverview(value);
          setProblem(null);
          if (follow && visible) timer = window.setTimeout(() => look(true), FOLLOW_EVERY_MS);
        },
        (error: unknown) => {
          if (!current) return;
          setProblem(error instanceof Error ? error.message : String(error));
          setFollow(false);
        },
      );
    };
    look(follow);
    return () => {
      current = false;
      window.clearTimeout(timer);
    };
  }, [opened, follow, visible]);

  const open = (
    <button type="button" class="button" onClick={() => run('openLog')}>
      {t('Open gopls log…')}
    </button>
  );
  if (problem !== null) {
    return (
      <Empty title={problem}>
        <p>{t('A log is made by “gopls -rpc.trace -logfile=FILE”, or by “go.trace.server”: “verbose”.')}</p>
        {open}
      </Empty>
    );
  }
  if (!overview) return <Loading what={t('Reading the log…')} />;
  return (
    <main class="log-page">
      <div class="log-bar">
        <Span overview={overview} />
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={(event) => setFollow(event.currentTarget.checked)}
          />{' '}
          {t('Follow live')}
        </label>
        <button type="button" class="button secondary" onClick={() => run('exportTrace')}>
          {t('Export trace…')}
        </button>
        <button type="button" class="button secondary" onClick={() => run('compareTraces')}>
          {t('Compare with a trace…')}
        </button>
        {open}
      </div>
      <InFlight overview={overview} />
      <Methods methods={overview.methods} />
      <Requests key={opened} overview={overview} />
      <Loads overview={overview} />
      <Texts texts={overview.texts} />
      {overview.gc && <Collections gc={overview.gc} />}
    </main>
  );
}

/** What the log covers, and what it cannot tell. */
function Span({ overview }: { overview: LogOverview }) {
  const { first_ms, last_ms, lines, starts, cuts, stray_answers, not_listed } = overview;
  const parts = [t('{count} lines', { count: fmt.count(lines) })];
  if (first_ms !== null && last_ms !== null)
    parts.unshift(t('{from} to {to}', { from: clock(first_ms), to: clock(last_ms) }));
  if (starts > 1) parts.push(t('gopls was started {count} times', { count: fmt.count(starts) }));
  if (cuts > 0) parts.push(t('the file began anew {count} times', { count: fmt.count(cuts) }));
  if (overview.whole_seconds) parts.push(t('the clock has whole seconds; lengths are as they were measured'));
  if (stray_answers > 0)
    parts.push(t('{count} answers to requests from before the log', { count: fmt.count(stray_answers) }));
  if (not_listed > 0)
    parts.push(t('{count} of the fastest requests are only counted', { count: fmt.count(not_listed) }));
  return <p class="log-span">{parts.join(' · ')}</p>;
}
