// The status bar item's tooltip: a short report, with the few commands that follow from it.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { GoplsStatus, PastLoad, SpansView, Status } from '../../shared/model';
import * as words from '../texts/wording';
import { sparkline } from './sparkline';

/** The only commands its links may run. */
const LINKED = [
  'stallscope.showPanel',
  'stallscope.captureHeapNow',
  'stallscope.enableDebugServer',
  'stallscope.pauseWatching',
  'stallscope.resumeWatching',
  'stallscope.enableCapture',
] as const;

/** Requests listed at most: a stalled gopls can have dozens waiting. */
const MOST_IN_FLIGHT = 5;
const MOST_COMMANDS = 3;

export function tooltip(
  status: Status | undefined,
  problem: string | undefined,
  spans?: SpansView,
): vscode.MarkdownString {
  const text = new vscode.MarkdownString('', true);
  text.isTrusted = { enabledCommands: [...LINKED] };
  text.supportHtml = true;
  text.appendMarkdown(`**Stallscope**\n\n`);
  if (problem !== undefined) {
    text.appendText(problem);
    return text;
  }
  if (!status) {
    text.appendText(l10n.t('Looking for gopls …'));
    return text;
  }
  if (!status.watching) paragraph(text, '$(debug-pause)', l10n.t('Watching is paused.'));
  if (status.gopls) {
    describe(text, status, status.gopls, spans);
  } else {
    paragraph(text, '$(circle-slash)', l10n.t('No gopls of this window is running.'));
  }
  if (status.other_gopls > 0) {
    paragraph(
      text,
      '$(server-process)',
      l10n.t('{count} other gopls on this machine', { count: status.other_gopls }),
    );
  }
  text.appendMarkdown('\n\n---\n\n');
  text.appendMarkdown(links(status));
  return text;
}

function describe(
  text: vscode.MarkdownString,
  status: Status,
  gopls: GoplsStatus,
  spans: SpansView | undefined,
): void {
  const picture = sparkline(status.spark_bytes, colors());
  if (picture !== undefined) {
    const label = l10n.t('Memory of gopls over the last two minutes');
    text.appendMarkdown(`<img src="${picture}" alt="${escapeHtml(label)}" width="240" height="36">\n\n`);
  }
  const facts: [string, string][] = [[l10n.t('Memory'), memoryRange(status, gopls)]];
  facts.push([l10n.t('Waiting'), inFlight(status)]);
  if (status.commands.length > 0) facts.push([l10n.t('Running'), commands(status)]);
  if (status.last_incident) facts.push([l10n.t('Last stall'), lastStall(status)]);
  const workspace = workspaceLoad(status);
  if (workspace !== undefined) facts.push([l10n.t('Workspace'), workspace]);
  facts.push([l10n.t('Debug server'), words.debugServer(gopls.debug)]);
  facts.push([l10n.t('Durations from'), words.latencySource(gopls.latency_source)]);
  const timing = spans && words.timing(spans, status);
  if (timing)
    facts.push([l10n.t('Own timing'), timing.warn ? `${timing.text}\n${timing.detail}` : timing.text]);
  if (!status.capture_enabled) facts.push([l10n.t('Capture'), l10n.t('switched off')]);
  facts.push([
    l10n.t('Our own cost'),
    l10n.t('{share} of a core', { share: words.coreShare(status.own_cpu_share) }),
  ]);
  // A table without a header line would not be one in Markdown.
  const version = gopls.version === null ? 'gopls' : `gopls ${gopls.version}`;
  text.appendMarkdown(
    `| ${cell(version)} | ${cell(l10n.t('process {pid}', { pid: gopls.pid }))} |\n|:--|:--|\n`,
  );
  for (const [name, value] of facts)
    text.appendMarkdown(`| ${cell(name)} | ${value.split('\n').map(cell).join('<br>')} |\n`);
}

function memoryRange(status: Status, gopls: GoplsStatus): string {
  const now = words.bytes(gopls.rss_bytes);
  if (status.spark_bytes.length < 2) return now;
  return l10n.t('{now} (two minutes: {least} to {most})', {
    now,
    least: words.bytes(Math.min(...status.spark_bytes)),
    most: words.bytes(Math.max(...status.spark_bytes)),
  });
}

function inFlight({ in_flight: requests }: Status): string {
  if (requests.length === 0) return l10n.t('nothing');
  const lines = requests.slice(0, MOST_IN_FLIGHT).map(({ method, age_ns, phase }) => {
    const doing = phase ? [words.currentPhase(phase)] : [];
    return [words.requestName(method), words.duration(age_ns), ...doing].join(' · ');
  });
  if (requests.length > MOST_IN_FLIGHT)
    lines.push(l10n.t('and {count} more', { count: requests.length - MOST_IN_FLIGHT }));
  return lines.join('\n');
}

function commands({ commands: running }: Status): string {
  const lines = running.slice(0, MOST_COMMANDS).map((command) => {
    const use = words.commandUse(command);
    return [command.line, words.duration(command.age_ns), ...(use === undefined ? [] : [use])].join(' · ');
  });
  return lines.join('\n');
}

function workspaceLoad({ load: going, last_load: finished }: Status): string | undefined {
  if (going) {
    const loading = l10n.t('loading for {duration}; slow is normal now', {
      duration: words.duration(going.age_ns),
    });
    const compared = words.loadCompared(going);
    const step = going.step === null ? undefined : words.loadStep(going.step);
    return [loading, compared, step].filter((line) => line !== undefined).join('\n');
  }
  if (!finished) return undefined;
  const { load, earlier } = finished;
  const loaded = l10n.t('loaded in {duration}, {peak} at most', loadFigures(load));
  if (!earlier) return loaded;
  return `${loaded}\n${l10n.t('usually {duration}, {peak} at most', loadFigures(earlier))}`;
}

const loadFigures = ({ duration_ns, peak_rss_bytes }: PastLoad) => ({
  duration: words.duration(duration_ns),
  peak: words.bytes(peak_rss_bytes),
});

function lastStall({ last_incident: incident }: Status): string {
  if (!incident) return '';
  const growth = words.incidentGrowth(incident);
  return [words.incidentTitle(incident), growth && `+${growth}`, words.localTime(incident.started_at)]
    .filter(Boolean)
    .join(' · ');
}

function links(status: Status): string {
  const debug = status.gopls?.debug.state;
  const shown: [string, string, boolean][] = [
    [l10n.t('Show panel'), 'stallscope.showPanel', true],
    [l10n.t('Capture heap now'), 'stallscope.captureHeapNow', debug === 'on'],
    [l10n.t('Enable debug server…'), 'stallscope.enableDebugServer', debug === 'off'],
    [l10n.t('Enable capture'), 'stallscope.enableCapture', !status.capture_enabled],
    [l10n.t('Pause'), 'stallscope.pauseWatching', status.watching],
    [l10n.t('Resume'), 'stallscope.resumeWatching', !status.watching],
  ];
  return shown
    .filter(([, , wanted]) => wanted)
    .map(([label, command]) => `[${label}](command:${command})`)
    .join(' &nbsp;·&nbsp; ');
}

function paragraph(text: vscode.MarkdownString, icon: string, sentence: string): void {
  text.appendMarkdown(`\n\n${icon} `).appendText(sentence).appendMarkdown('\n\n');
}

/** Text from outside (an error, a version) as text, within a table cell. */
function cell(value: string): string {
  // Markdown first: the `#` of an HTML entity is not to be escaped again.
  return escapeHtml(value.replace(/[\\`*_{}[\]()#+!~$|-]/g, '\\$&')).replace(/[\r\n]+/g, ' ');
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** A picture knows nothing of the theme's variables; these are legible on its kind. */
function colors() {
  switch (vscode.window.activeColorTheme.kind) {
    case vscode.ColorThemeKind.Light:
      return { line: '#0063b1', fill: '#0063b1' };
    case vscode.ColorThemeKind.HighContrastLight:
      return { line: '#000000', fill: '#000000' };
    case vscode.ColorThemeKind.HighContrast:
      return { line: '#ffffff', fill: '#ffffff' };
    default:
      return { line: '#4daafc', fill: '#4daafc' };
  }
}
