import { useState } from 'preact/hooks';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { useHeap } from './ask';
import { Bar } from './Bar';
import { objectsWords } from './words';

const FIRST_ROWS = 12;

/** What each Go package costs. */
export function PackageTable() {
  const { ask } = useHeap();
  const [all, setAll] = useState(false);
  const { value, error, retry } = useRequest('packages', () => ask({ ask: 'packages' }));
  const rows = value?.rows ?? [];
  const most = rows[0]?.bytes ?? 0;
  return (
    <section aria-label={t('Go packages')}>
      <h2>{t('Go packages')}</h2>
      {error !== null && <Failed message={error} onRetry={retry} />}
      {!value && error === null && <Loading what={t('Reading the paths of packages…')} />}
      {value && rows.length === 0 && <p class="dim">{t('No Go package is known to be in memory.')}</p>}
      {rows.length > 0 && (
        <table class="retain-parts" aria-label={t('Go packages')}>
          <tbody>
            {rows.slice(0, all ? rows.length : FIRST_ROWS).map((row) => (
              <tr key={row.package} title={row.package}>
                <th scope="row" class="retain-path">
                  <bdi>{row.package}</bdi>
                </th>
                <td>
                  <Bar bytes={row.bytes} of={most} />
                </td>
                <td class="numeric dim">{objectsWords(row.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {value && rows.length > FIRST_ROWS && (
        <p class="view-note dim">
          {all && value.total > rows.length
            ? t('The first {count} of {total}.', {
                count: fmt.count(rows.length),
                total: fmt.count(value.total),
              })
            : t('What would be freed if gopls forgot the package, and nothing else.')}{' '}
          <button type="button" class="link" onClick={() => setAll(!all)}>
            {all ? t('Show fewer') : t('Show all {count}', { count: fmt.count(rows.length) })}
          </button>
        </p>
      )}
    </section>
  );
}
