import type { ProfileRef } from '../../shared/core';
import type { Comparison, Measured, VerificationView } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import { t } from '../base/l10n';
import { caution, fixSentence, howSure, measured, measureName, told } from '../words/verify';

interface Props {
  view: VerificationView;
  comparison: Comparison;
  onCompare(heap: ProfileRef, base: ProfileRef): void;
}

/** Whether the fix worked: a sentence, how sure, the figures, what was changed. */
export function Outcome({ view, comparison, onCompare }: Props) {
  const { run } = usePanel();
  const { verification } = view;
  const { heap, base, changed, cautions } = comparison;
  const sure = howSure(comparison);
  return (
    <section class={cx('verdict', 'verify-outcome', comparison.verdict)} aria-label={t('Verdict')}>
      {verification.title !== '' && <p class="dim">{verification.title}</p>}
      <p class="verdict-sentence">{fixSentence(comparison)}</p>
      <ul class="plain">
        {sure !== '' && <li>{sure}</li>}
        {cautions
          .filter(({ kind }) => kind !== 'one-run-each' || sure === '')
          .map((one) => (
            <li key={one.kind} class="warn">
              {caution(one)}
            </li>
          ))}
      </ul>
      <table class="verify-measures">
        <thead>
          <tr>
            <th scope="col">{t('Measure')}</th>
            <th scope="col" class="numeric">
              {t('Before')}
            </th>
            <th scope="col" class="numeric">
              {t('After')}
            </th>
            <th scope="col">{t('Difference')}</th>
          </tr>
        </thead>
        <tbody>
          {comparison.measures.map((row) => (
            <Row key={row.measure} row={row} decides={row.measure === comparison.goal} />
          ))}
        </tbody>
      </table>
      <p class="dim">
        {t(
          'Medians of the runs. A difference counts from a tenth of the value before (and 100 ms, 20 MB, 10 MB of growth, or 20 goroutines), and only when the runs of the two sides do not overlap.',
        )}
      </p>
      {changed.length > 0 ? (
        <>
          <h3>{t('What is known to have changed')}</h3>
          <ul class="verify-changed">
            {changed.map(({ name, before, after }) => (
              <li key={name}>
                <code>{name}</code>: <code>{before ?? t('not set')}</code> →{' '}
                <code>{after ?? t('not set')}</code>
              </li>
            ))}
          </ul>
        </>
      ) : (
        <p class="dim">{t('No setting of gopls and not its version changed between the runs.')}</p>
      )}
      <div class="actions">
        <button
          type="button"
          class="button secondary"
          onClick={() =>
            onCompare(
              { incident: heap.incident, capture: heap.capture },
              { incident: base.incident, capture: base.capture },
            )
          }
        >
          {t('Compare the two heaps')}
        </button>
        <button
          type="button"
          class="button secondary"
          onClick={() => run('exportVerification', { verification: verification.id })}
        >
          {t('Export…')}
        </button>
      </div>
    </section>
  );
}

function Row({ row, decides }: { row: Measured; decides: boolean }) {
  const { measure, before_median: before, after_median: after } = row;
  const value = (median: number | null) => (median === null ? '–' : measured(measure, median));
  return (
    <tr class={cx(decides && 'decides')}>
      <th scope="row">{measureName(measure)}</th>
      <td class="numeric" title={row.before.map((one) => measured(measure, one)).join(', ')}>
        {value(before)}
      </td>
      <td class="numeric" title={row.after.map((one) => measured(measure, one)).join(', ')}>
        {value(after)}
      </td>
      <td class={cx('told', row.told)}>{told(row.told)}</td>
    </tr>
  );
}
