// What a verification comes to, in words: the panel shows it, the shell exports it.
import type { Caution, Comparison, Goal, Measure, Measured, Told } from './model';
import type { Language } from './words';

export function goalWords(goal: Goal, { t }: Language): string {
  switch (goal) {
    case 'waits':
      return t('The editor waits too long');
    case 'memory':
      return t('gopls holds too much memory');
    case 'growth':
      return t('gopls grows with everything that is done');
    case 'peak':
      return t('gopls takes too much memory for a while');
  }
}

export function measureWords(measure: Measure, { t }: Language): string {
  switch (measure) {
    case 'longest-wait':
      return t('Longest wait');
    case 'median-wait':
      return t('Median wait');
    case 'live-heap':
      return t('Live heap at the end, after GC');
    case 'live-growth':
      return t('Growth of the live heap');
    case 'peak-rss':
      return t('Most RSS');
    case 'goroutines':
      return t('Goroutines at the end');
  }
}

export function toldWords(told: Told, { t }: Language): string {
  switch (told) {
    case 'better':
      return t('better');
    case 'same':
      return t('no clear difference');
    case 'worse':
      return t('worse');
    case 'unknown':
      return t('unknown');
  }
}

/** Names that tell the unit of a value. */
const UNITS: Record<Measure, string> = {
  'longest-wait': 'wait_ns',
  'median-wait': 'wait_ns',
  'live-heap': 'held_bytes',
  'live-growth': 'held_bytes',
  'peak-rss': 'held_bytes',
  goroutines: 'goroutines',
};

/** A value of a measure with its unit. */
export function measured(measure: Measure, value: number, { valueByName }: Language): string {
  return valueByName(UNITS[measure], value);
}

/** The measure that the verdict rests on. */
export const decisive = (comparison: Comparison): Measured | undefined =>
  comparison.measures.find(({ measure }) => measure === comparison.goal);

/** Whether the fix worked, in one sentence with the figures. */
export function fixWords(comparison: Comparison, language: Language): string {
  const { t } = language;
  const about = decisive(comparison);
  const [before, after] = [about?.before_median ?? null, about?.after_median ?? null];
  if (comparison.verdict === 'not-comparable' || !about || before === null || after === null)
    return t('The runs before and after cannot be compared.');
  const figures = {
    measure: measureWords(about.measure, language),
    before: measured(about.measure, before, language),
    after: measured(about.measure, after, language),
  };
  switch (comparison.verdict) {
    case 'better':
      return t('The fix worked. {measure}: {before} before, {after} after.', figures);
    case 'worse':
      return t('It got worse. {measure}: {before} before, {after} after.', figures);
    case 'no-clear-difference':
      return t('No clear difference. {measure}: {before} before, {after} after.', figures);
  }
}

/** How sure that is; empty without a clear difference. */
export function chanceWords({ chance }: Comparison, { t }: Language): string {
  if (chance === null) return '';
  if (chance >= 1)
    return t(
      'One run on each side: by chance alone one of the two is always better. More runs make it surer.',
    );
  return t('By chance alone all runs of one side would be better in 1 of {count} cases.', {
    count: String(Math.round(1 / chance)),
  });
}

/** What weakens a comparison, or makes it none. */
export function cautionWords(caution: Caution, { t }: Language): string {
  switch (caution.kind) {
    case 'gopls-ended':
      return t('gopls ended during {runs} of the runs: what it held went with it.', {
        runs: String(caution.runs),
      });
    case 'nobody-waited':
      return t('On one side nobody waited for gopls in any run: do the same on both.');
    case 'other-work':
      return t(
        'Not the same work: gopls was waited for {before} times in a run before, {after} times after.',
        {
          before: String(caution.before),
          after: String(caution.after),
        },
      );
    case 'other-documents':
      return t('{before} documents were open before, {after} after; each holds memory.', {
        before: String(caution.before),
        after: String(caution.after),
      });
    case 'loading':
      return t('A workspace was being loaded at the beginning or end of {runs} of the runs.', {
        runs: String(caution.runs),
      });
    case 'same-process':
      return t(
        'It is the same gopls process as before: what it had gathered by then it may hold still. Restart it to be sure.',
      );
    case 'one-run-each':
      return t('There is one run on each side; three show what is chance.');
  }
}
