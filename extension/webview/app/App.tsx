import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { IncidentSummary, SpansView, Status, VerificationStart } from '../../shared/model';
import { PANEL_PROTOCOL } from '../../shared/panel';
import { PanelProvider, type Panel } from '../base/context';
import { useVisible } from '../base/dom';
import { setLocale } from '../base/format';
import { t } from '../base/l10n';
import type { Rpc, VsCodeApi } from '../base/rpc';
import { useRequest } from '../base/useRequest';
import { CachePage } from '../cache/CachePage';
import { DoctorPage } from '../doctor/DoctorPage';
import type { TableQuery } from '../heap/useTableQuery';
import { HistoryPage } from '../history/HistoryPage';
import { LogPage } from '../log/LogPage';
import { LiveGc } from '../memory/LiveGc';
import { LiveMemory } from '../memory/LiveMemory';
import { RetainPage } from '../retain/RetainPage';
import { TimeLine } from '../timeline/TimeLine';
import { TracesPage } from '../traces/TracesPage';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { VerifyPage } from '../verify/VerifyPage';
import { CostsMost } from '../waits/CostsMost';
import { Header } from './Header';
import { IncidentList } from './IncidentList';
import { IncidentView } from './IncidentView';
import { NoIncidents } from './NoIncidents';
import { Now } from './Now';
import { keep, restore, type TabKey } from './state';

export function App({ rpc, vscode }: { rpc: Rpc; vscode: VsCodeApi }) {
  const kept = useMemo(() => restore(vscode), [vscode]);
  const [status, setStatus] = useState<Status | null>(null);
  const [spans, setSpans] = useState<SpansView | null>(null);
  const [incidents, setIncidents] = useState<IncidentSummary[] | null>(null);
  const [page, setPage] = useState(kept.page);
  const [verification, setVerification] = useState(kept.verification);
  const [suggested, setSuggested] = useState<VerificationStart | null>(null);
  const [selected, setSelected] = useState(kept.incident);
  const [mode, setMode] = useState<'live' | 'incident'>('live');
  const [tab, setTab] = useState<TabKey>(kept.tab);
  const [query, setQuery] = useState<TableQuery>(kept.query);
  const [flame, setFlame] = useState(kept.flame);
  const [compare, setCompare] = useState(kept.compare);
  /** The incident whose kept heap is looked at. */
  const [held, setHeld] = useState<string | null>(null);
  const [notice, setNotice] = useState<string | null>(null);
  const visible = useVisible();

  const select = useCallback((id: string) => {
    setSelected(id);
    setMode('incident');
    setPage('stalls');
    // Another incident is first compared with its own baseline.
    setCompare((old) => ({ ...old, base: null }));
  }, []);

  const hello = useRequest('hello', () => rpc.ask('hello', { protocol: PANEL_PROTOCOL }));
  useEffect(() => {
    if (!hello.value) return;
    setLocale(hello.value.locale);
    setStatus(hello.value.status);
    setSpans(hello.value.spans);
    setIncidents(newestFirst(hello.value.incidents));
    if (hello.value.select !== null) select(hello.value.select);
    if (hello.value.page !== null) setPage(hello.value.page);
  }, [hello.value]);

  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === 'status') {
          setStatus(push.status);
          setSpans(push.spans);
        } else if (push.type === 'incidents') setIncidents(newestFirst(push.incidents));
        else if (push.type === 'page') {
          setPage(push.page);
          setHeld(null);
        } else if (push.type === 'select') select(push.incident);
      }),
    [rpc],
  );
  useEffect(
    () => keep(vscode, { page, verification, incident: selected, tab, query, flame, compare }),
    [page, verification, selected, tab, query, flame, compare],
  );

  const panel = useMemo<Panel>(() => {
    const report = (error: unknown) => setNotice(error instanceof Error ? error.message : String(error));
    return {
      rpc,
      offline: false,
      notify: setNotice,
      run: (id, about) => {
        setNotice(null);
        rpc.ask('command', { id, ...about }).catch(report);
      },
      openSource: (file, line) => {
        setNotice(null);
        rpc.ask('openSource', { file, line }).catch(report);
      },
    };
  }, [rpc]);

  if (hello.value && hello.value.protocol !== PANEL_PROTOCOL) {
    return (
      <Empty title={t('This panel is from another version of Stallscope')}>
        <p>{t('Close it and open it again, or reload the window.')}</p>
      </Empty>
    );
  }
  if (hello.error !== null) return <Failed message={hello.error} onRetry={hello.retry} />;
  if (!incidents) return <Loading what={t('Starting…')} />;

  // A selection that is not there any more (deleted, pruned) falls back to the newest one that can be read.
  const current =
    incidents.find(({ id }) => id === selected) ??
    incidents.find(({ problem }) => problem === null) ??
    incidents[0] ??
    null;
  return (
    <PanelProvider value={panel}>
      <Header
        status={status}
        spans={spans}
        page={page}
        onPage={(to) => {
          setPage(to);
          setHeld(null);
        }}
      />
      {status && <Now status={status} />}
      {notice !== null && (
        <div class="notice" role="alert">
          <span>{notice}</span>
          <button type="button" class="icon-button" aria-label={t('Dismiss')} onClick={() => setNotice(null)}>
            ×
          </button>
        </div>
      )}
      {page === 'log' ? (
        <LogPage visible={visible} />
      ) : page === 'traces' ? (
        <TracesPage />
      ) : page === 'doctor' ? (
        <DoctorPage onCache={() => setPage('cache')} />
      ) : page === 'history' ? (
        <HistoryPage />
      ) : page === 'retain' ? (
        <RetainPage
          status={status}
          kept={held}
          onKept={setHeld}
          onIncident={select}
          onDoctor={() => setPage('doctor')}
        />
      ) : page === 'cache' ? (
        <CachePage />
      ) : page === 'verify' ? (
        <VerifyPage
          status={status}
          id={verification}
          onId={(id) => {
            setVerification(id);
            setSuggested(null);
          }}
          suggested={suggested}
          onCompare={(heap, base) => {
            select(heap.incident);
            setTab('diff');
            setCompare((old) => ({ ...old, base }));
          }}
        />
      ) : (
        <>
          <TimeLine
            incident={current && current.problem === null ? current : null}
            mode={mode}
            onMode={setMode}
            onSelect={select}
            now_ns={status?.at_ns ?? null}
            visible={visible}
          />
          {mode === 'live' && <LiveMemory status={status} visible={visible} />}
          {mode === 'live' && (
            <LiveGc
              status={status}
              visible={visible}
              onTry={(start) => {
                setSuggested(start);
                setVerification(null);
                setPage('verify');
              }}
            />
          )}
          <main class="main">
            {current ? (
              <>
                <div class="incident-column">
                  <IncidentList incidents={incidents} selected={current.id} onSelect={select} />
                  <CostsMost version={`${incidents.length} ${incidents[0]?.id ?? ''}`} />
                </div>
                <IncidentView
                  key={current.id}
                  summary={current}
                  tab={tab}
                  onTab={setTab}
                  onHeld={() => {
                    setHeld(current.id);
                    setPage('retain');
                  }}
                  query={query}
                  onQuery={(change) => setQuery((old) => ({ ...old, ...change }))}
                  flame={flame}
                  onFlame={setFlame}
                  compare={compare}
                  onCompare={setCompare}
                />
              </>
            ) : (
              <NoIncidents status={status} />
            )}
          </main>
        </>
      )}
    </PanelProvider>
  );
}

const newestFirst = (incidents: IncidentSummary[]): IncidentSummary[] =>
  [...incidents].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
