import { useMemo, useState } from 'preact/hooks';
import type { ReportPage } from '../../shared/model';
import { IncidentView } from '../app/IncidentView';
import { restore } from '../app/state';
import { PanelProvider, type Panel } from '../base/context';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { Rpc, type VsCodeApi } from '../base/rpc';
import { TimeLine } from '../timeline/TimeLine';

/** The panel's view of one incident, without an editor behind it. */
export function ReportApp({ page, host }: { page: ReportPage; host: VsCodeApi }) {
  const kept = useMemo(() => restore(host), [host]);
  const [tab, setTab] = useState(kept.tab);
  const [query, setQuery] = useState(kept.query);
  const [flame, setFlame] = useState(kept.flame);
  const [compare, setCompare] = useState(kept.compare);
  const panel = useMemo<Panel>(
    () => ({ rpc: new Rpc(host), offline: true, notify() {}, run() {}, openSource() {} }),
    [host],
  );
  return (
    <PanelProvider value={panel}>
      <ReportHeader page={page} />
      <TimeLine incident={page.summary} mode="incident" now_ns={null} visible />
      <main class="main">
        <IncidentView
          summary={page.summary}
          tab={tab}
          onTab={setTab}
          onHeld={null}
          query={query}
          onQuery={(change) => setQuery((old) => ({ ...old, ...change }))}
          flame={flame}
          onFlame={setFlame}
          compare={compare}
          onCompare={setCompare}
        />
      </main>
    </PanelProvider>
  );
}

/** What this is, of what, and what was done to it. */
function ReportHeader({ page }: { page: ReportPage }) {
  const { made_by, redacted } = page;
  const { gopls, started_at } = page.incident;
  const facts = [
    `gopls ${gopls.version ?? t('unknown version')}${gopls.go_version === null ? '' : ` (${gopls.go_version})`}`,
    t('recorded {when}', { when: fmt.fullDate(started_at) }),
    made_by,
    redacted ? t('paths and names are replaced by stand-ins') : t('not redacted'),
  ];
  return (
    <header class="header">
      <div class="now">
        <span class="now-main">{t('A report of Stallscope')}</span>
        <ul class="details">
          {facts.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </div>
      <p class="report-bounds">{bounds(page)}</p>
    </header>
  );
}

/** What the page does not hold. */
function bounds({ heaps }: ReportPage): string {
  const tables = heaps.flatMap(({ kinds }) => kinds.map(({ table }) => table));
  const merged = t('Graphs merge small frames: what is merged is not found by a search.');
  return tables.some(({ rows, all_rows }) => all_rows > rows.length)
    ? sentences(t('Tables hold the largest functions of each profile, not all of them.'), merged)
    : merged;
}
