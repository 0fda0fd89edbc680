// What the files of a report are, and what was replaced in them, in words.
import { l10n } from 'vscode';
import type { ReportFileKind, ReportPreview } from '../../shared/model';

export function purpose(kind: ReportFileKind): string {
  switch (kind) {
    case 'readme':
      return l10n.t('What is what');
    case 'page':
      return l10n.t('The analysis as a page: opens in any browser, without network');
    case 'facts':
      return l10n.t('Versions, machine, settings that differ from their defaults, size of the workspace');
    case 'incident':
      return l10n.t('What was recorded: requests, memory, rules that fired, captures');
    case 'timeline':
      return l10n.t('Memory, requests and captures over time');
    case 'verdict':
      return l10n.t('What it comes to, in words');
    case 'heap':
      return l10n.t('Heap profile for go tool pprof');
    case 'profile':
      return l10n.t('Profile that is no heap, for go tool pprof');
    case 'heap-text':
      return l10n.t('Heap profile as text');
    case 'goroutines':
      return l10n.t('What each goroutine was doing');
    case 'memory':
      return l10n.t("The runtime's memory statistics");
    case 'spans':
      return l10n.t("gopls's own timing of its work");
  }
}

/** For the user's eyes only: it names what is hidden. */
export function replacedText({ replaced, left_out }: ReportPreview): string {
  const lines = replaced.map(({ what, by, times }) =>
    l10n.t('{times} ×  {what}  is now  {by}', { times, what, by }),
  );
  const missing = left_out.length > 0 ? ['', l10n.t('Could not be put in:'), ...left_out] : [];
  const title = l10n.t('What was replaced in the report. This list is not part of it.');
  return `${[title, '', ...lines, ...missing].join('\n')}\n`;
}
