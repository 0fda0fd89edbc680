import type { PanelCommand, PanelPage } from '../../shared/panel';
import type { SpansView, Status } from '../../shared/model';
import { timingWords } from '../../shared/spanWords';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Segmented } from '../ui/Segmented';
import { currentPhase } from '../waits/words';
import { debugServer, latencySource, latencySourceDetail, methodName } from '../words/sources';
import { valueByName } from '../words/values';

interface Props {
  status: Status | null;
  spans: SpansView | null;
  page: PanelPage;
  onPage(page: PanelPage): void;
}

/** One calm line about now, and what can be done. */
export function Header({ status, spans, page, onPage }: Props) {
  return (
    <header class="header">
      <div class="now">
        <Dot status={status} />
        <span class="now-main">{status ? headline(status) : t('Starting…')}</span>
        {status && <Details status={status} spans={spans} />}
      </div>
      <Segmented
        label={t('Page')}
        selected={page}
        onSelect={onPage}
        options={[
          { key: 'stalls', label: t('Stalls') },
          { key: 'history', label: t('History') },
          { key: 'retain', label: t('Who holds it') },
          { key: 'verify', label: t('Verify a fix') },
          { key: 'log', label: t('gopls log') },
          { key: 'traces', label: t('Traces') },
          { key: 'doctor', label: t('Doctor') },
          { key: 'cache', label: t('Cache') },
        ]}
      />
      {status && <Actions status={status} />}
    </header>
  );
}

function Dot({ status }: { status: Status | null }) {
  const state = !status?.gopls ? 'none' : !status.watching ? 'paused' : status.stall ? 'stalled' : 'calm';
  return <span class={cx('dot', state)} aria-hidden="true" />;
}

function headline(status: Status): string {
  const { gopls, stall } = status;
  if (!gopls) return t('No gopls in this window');
  if (stall) {
    return t('{method} waiting for {age}, memory {growth}', {
      method: methodName(stall.method),
      age: fmt.duration(stall.age_ns),
      growth: fmt.signed(stall.rss_growth_bytes, fmt.bytes),
    });
  }
  return t('gopls {rss}', { rss: fmt.bytes(gopls.rss_bytes) });
}

function Details({ status, spans }: { status: Status; spans: SpansView | null }) {
  const { gopls } = status;
  const words: { text: string; title?: string; warn?: boolean }[] = [];
  words.push({
    text: status.watching ? (status.loading ? t('Loading the workspace') : t('Watching')) : t('Paused'),
    title: t('Stallscope itself uses {share} of a core', { share: fmt.share(status.own_cpu_share, 2) }),
  });
  if (status.stall?.phase) words.unshift({ text: currentPhase(status.stall.phase) });
  if (gopls) {
    words.push({
      text: t('{version}, pid {pid}', {
        version: gopls.version ?? t('unknown version'),
        pid: String(gopls.pid),
      }),
      title: t('running for {age}', { age: fmt.duration(gopls.uptime_ns) }),
    });
    words.push({
      text: latencySource(gopls.latency_source),
      title: latencySourceDetail(gopls.latency_source),
    });
    const { debug } = gopls;
    words.push({
      text: debugServer(debug),
      warn: debug.state === 'failing' || (debug.state === 'on' && !debug.loopback_only),
    });
  } else {
    words.push({ text: t('It starts with the first Go file you open, or by “Restart gopls”.') });
  }
  const timing = spans && timingWords(spans, status, { t, valueByName });
  if (timing) words.push({ text: timing.text, title: timing.detail, warn: timing.warn });
  if (!status.capture_enabled) words.push({ text: t('Captures are switched off'), warn: true });
  return (
    <ul class="details">
      {words.map(({ text, title, warn }) => (
        <li key={text} title={title} class={cx(warn && 'warn')}>
          {text}
        </li>
      ))}
    </ul>
  );
}

function Actions({ status }: { status: Status }) {
  const { run } = usePanel();
  const debug = status.gopls?.debug.state;
  const buttons: {
    id: PanelCommand;
    label: string;
    primary?: boolean;
    disabled?: boolean;
    title?: string;
  }[] = [];
  if (debug === 'off')
    buttons.push({ id: 'enableDebugServer', label: t('Enable debug server…'), primary: true });
  buttons.push(
    {
      id: 'captureHeapNow',
      label: t('Capture heap now'),
      disabled: debug !== 'on',
      title: debug === 'on' ? undefined : t('Needs the debug server of gopls'),
    },
    { id: 'togglePause', label: status.watching ? t('Pause') : t('Resume') },
    // Without a gopls above all: one that has crashed too often is not started again by itself.
    { id: 'restartGopls', label: t('Restart gopls') },
  );
  return (
    <div class="actions">
      {buttons.map(({ id, label, primary, disabled, title }) => (
        <button
          key={id}
          type="button"
          class={cx('button', !primary && 'secondary')}
          disabled={disabled}
          title={title}
          onClick={() => run(id)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
