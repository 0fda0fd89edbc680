import { useEffect, useState } from 'preact/hooks';
import type { ComparedTrace, TraceComparison, TraceSkipped } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { ComparedTable } from './ComparedTable';

/** Two traces against each other: where the time went in one and not in the other. */
export function TracesPage() {
  const { rpc, run } = usePanel();
  // Raised when the page is opened once more: then it is about others.
  const [opened, setOpened] = useState(0);
  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === 'page' && push.page === 'traces') setOpened((n) => n + 1);
      }),
    [rpc],
  );
  const { value, error, retry, loading } = useRequest(String(opened), () => rpc.ask('traceComparison', {}));
  const compare = (
    <button type="button" class="button" onClick={() => run('compareTraces')}>
      {t('Compare traces…')}
    </button>
  );
  if (error !== null) return <Failed message={error} onRetry={retry} />;
  if (loading) return <Loading what={t('Reading the comparison…')} />;
  if (!value) {
    return (
      <Empty title={t('No traces have been compared yet')}>
        <p>
          {t(
            'An incident, a message log or a trace of somebody else is held against another one: how long each method and phase took in both.',
          )}
        </p>
        {compare}
      </Empty>
    );
  }
  return (
    <main class="traces-page">
      <div class="log-bar">
        <Sides comparison={value} />
        {compare}
      </div>
      <ComparedTable key={opened} comparison={value} />
    </main>
  );
}

function Sides({ comparison }: { comparison: TraceComparison }) {
  return (
    <div class="traces-sides">
      <Side label={t('This')} trace={comparison.this} />
      <Side label={t('Other')} trace={comparison.other} />
    </div>
  );
}

function Side({ label, trace: { title, slices, skipped } }: { label: string; trace: ComparedTrace }) {
  const problems = skipped ? notRead(skipped) : [];
  return (
    <p>
      <b>{label}</b> <span class="trace-title">{title}</span>{' '}
      <span class="dim">{t('{count} slices', { count: fmt.count(slices) })}</span>
      {problems.length > 0 && (
        <span class="dim"> · {t('not read: {what}', { what: problems.join(', ') })}</span>
      )}
    </p>
  );
}

/** What of a file was not read. */
function notRead({ other_kinds, unbalanced, malformed, beyond_limits, is_cut_off }: TraceSkipped): string[] {
  const parts: string[] = [];
  if (other_kinds > 0) parts.push(t('{count} events that take no time', { count: fmt.count(other_kinds) }));
  if (unbalanced > 0)
    parts.push(t('{count} beginnings or ends that stand alone', { count: fmt.count(unbalanced) }));
  if (malformed > 0)
    parts.push(t('{count} events without a name or a possible moment', { count: fmt.count(malformed) }));
  if (beyond_limits > 0)
    parts.push(t('{count} events too many or too deep', { count: fmt.count(beyond_limits) }));
  if (is_cut_off) parts.push(t('the file ends in the middle'));
  return parts;
}
