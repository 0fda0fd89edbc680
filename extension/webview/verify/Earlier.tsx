import type { Verification } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { goalName } from '../words/verify';

interface Props {
  all: Verification[];
  selected: string | null;
  onSelect(id: string | null): void;
}

/** The verifications there are; one that was not finished goes on from here, after a reload too. */
export function Earlier({ all, selected, onSelect }: Props) {
  const { run } = usePanel();
  if (all.length === 0) return null;
  return (
    <aside class="verify-earlier" aria-label={t('Verifications')}>
      <div class="verify-earlier-head">
        <h3>{t('Verifications')}</h3>
        <button type="button" class="button secondary" onClick={() => onSelect(null)}>
          {t('New')}
        </button>
      </div>
      <ul>
        {all.map(({ id, title, goal, created_unix_ms, before, after }) => (
          <li key={id} class={cx(id === selected && 'selected')}>
            <button type="button" aria-current={id === selected} onClick={() => onSelect(id)}>
              <span>{title || goalName(goal)}</span>
              <span class="dim">
                {t('{time} · runs before: {before}, after: {after}', {
                  time: fmt.when(new Date(created_unix_ms).toISOString()),
                  before: String(before.length),
                  after: String(after.length),
                })}
              </span>
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label={t('Delete')}
              title={t('Delete')}
              onClick={() => run('deleteVerification', { verification: id })}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
    </aside>
  );
}
