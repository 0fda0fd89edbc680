// A verification as Markdown: what a colleague or a maintainer needs to believe it. Pure, so that it is tested by itself.
import type { Verification, VerificationView } from '../../shared/model';
import {
  cautionWords,
  chanceWords,
  fixWords,
  goalWords,
  measured,
  measureWords,
  toldWords,
} from '../../shared/verifyWords';
import type { Language } from '../../shared/words';

export interface Formats extends Language {
  time(unixMs: number): string;
}

export function asMarkdown({ verification, comparison }: VerificationView, formats: Formats): string {
  const { t } = formats;
  const lines = [
    `# ${t('Verification of a fix')}`,
    '',
    ...[verification.title].filter(Boolean).map((title) => `**${escaped(title)}**\n`),
    `${t('What was wrong')}: ${goalWords(verification.goal, formats)}`,
    '',
  ];
  if (comparison) {
    const rows = comparison.measures.map((row) => {
      const of = (values: number[]) =>
        values.map((value) => measured(row.measure, value, formats)).join(', ');
      const mark = row.measure === comparison.goal ? '**' : '';
      const name = `${mark}${measureWords(row.measure, formats)}${mark}`;
      return `| ${name} | ${of(row.before) || '–'} | ${of(row.after) || '–'} | ${toldWords(row.told, formats)} |`;
    });
    lines.push(
      `## ${t('Verdict')}`,
      '',
      fixWords(comparison, formats),
      '',
      ...[chanceWords(comparison, formats), ...comparison.cautions.map((note) => cautionWords(note, formats))]
        .filter(Boolean)
        .map((text) => `- ${text}`),
      '',
      `| ${t('Measure')} | ${t('Before')} | ${t('After')} | ${t('Difference')} |`,
      '| --- | --- | --- | --- |',
      ...rows,
      '',
      `## ${t('What is known to have changed')}`,
      '',
      ...(comparison.changed.length === 0
        ? [t('No setting of gopls and not its version changed between the runs.')]
        : comparison.changed.map(
            ({ name, before, after }) =>
              `- \`${name}\`: ${coded(before ?? t('not set'))} → ${coded(after ?? t('not set'))}`,
          )),
      '',
    );
  }
  lines.push(`## ${t('Runs')}`, '', ...runs(verification, formats), '');
  lines.push(
    t(
      'Live heaps are those of pprof profiles after a forced garbage collection, without the ballast of gopls.',
    ),
    '',
  );
  return lines.join('\n');
}

function runs({ before, after }: Verification, formats: Formats): string[] {
  const { t, valueByName, time } = formats;
  const described = (side: string, of: Verification['before']) =>
    of.map(({ began_unix_ms, figures, start, end }) => {
      const waits = Object.entries(figures.waits).map(([method, count]) => `${method} × ${count}`);
      const longest = figures.longest;
      return [
        `- ${side}, ${time(began_unix_ms)}: gopls ${figures.gopls.version ?? t('unknown version')}`,
        t('process {pid}', { pid: String(figures.gopls.pid) }),
        valueByName('run_ns', figures.duration_ns),
        waits.join(', ') || t('no waits'),
        ...(longest
          ? [`${t('Longest wait')} ${valueByName('wait_ns', longest.duration_ns)} (${longest.method})`]
          : []),
        `${valueByName('live_bytes', start.live_bytes)} → ${valueByName('live_bytes', end.live_bytes)}`,
        ...(end.goroutines === undefined
          ? []
          : [t('goroutines: {count}', { count: String(end.goroutines) })]),
        `RSS ≤ ${valueByName('rss_bytes', figures.peak_rss_bytes)}`,
      ].join(', ');
    });
  return [...described(t('Before'), before), ...described(t('After'), after)];
}

/** Typed by the user: it must stay a text in the document. */
const escaped = (text: string) => text.replace(/[\\`*_{}[\]<>()#+!|]/g, '\\$&');
const coded = (json: string) => `\`${json.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
