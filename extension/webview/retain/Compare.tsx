import type { LiveHeapView } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { shortType } from './names';

const MOST_ROWS = 50;

/** A heap held against a later one of the same gopls: which objects are new, gone, or still there. */
export function Compare({ view: { earlier_unix_ms, compared } }: { view: LiveHeapView }) {
  const { run } = usePanel();
  return (
    <>
      {earlier_unix_ms === null ? (
        <p>
          <button type="button" class="button secondary" onClick={() => run('keepHeap')}>
            {t('Compare with a later one')}
          </button>{' '}
          <span class="dim">
            {t('Keeps this one; go on working, then come back and read the later one.')}
          </span>
        </p>
      ) : (
        <p>
          {t('The heap of {time} is kept to be compared with.', { time: fmt.clock(earlier_unix_ms) })}{' '}
          <button type="button" class="button" onClick={() => run('compareHeap')}>
            {t('Read the later one now…')}
          </button>{' '}
          <button type="button" class="link" onClick={() => run('forgetHeap')}>
            {t('Forget it')}
          </button>
        </p>
      )}
      {compared && <Compared compared={compared} />}
    </>
  );
}

function Compared({
  compared: { earlier_unix_ms, total, rows },
}: {
  compared: NonNullable<LiveHeapView['compared']>;
}) {
  const caption = t('Since {time}', { time: fmt.clock(earlier_unix_ms) });
  const shown = rows.slice(0, MOST_ROWS);
  return (
    <>
      <h3>{caption}</h3>
      {shown.length === 0 && <p class="dim">{t('The two heaps have the same objects.')}</p>}
      {shown.length > 0 && (
        <div class="table-frame retain-compared">
          <table class="table" aria-label={caption}>
            <thead>
              <tr>
                <th scope="col" class="numeric">
                  {t('Grown by')}
                </th>
                <th scope="col" class="numeric">
                  {t('New')}
                </th>
                <th scope="col" class="numeric">
                  {t('Gone')}
                </th>
                <th scope="col" class="numeric" title={t('Alive in both: the same objects')}>
                  {t('Still there')}
                </th>
                <th scope="col">{t('Type')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <tr key={row.type} title={row.type}>
                  <td class="numeric">{fmt.signed(row.bytes_grown, fmt.bytes)}</td>
                  <td class="numeric">{fmt.count(row.new)}</td>
                  <td class="numeric">{fmt.count(row.gone)}</td>
                  <td class="numeric">{fmt.count(row.survivors)}</td>
                  <td>
                    <code>{shortType(row.type)}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {total > shown.length && (
        <p class="dim">
          {t('The first {count} of {total}.', { count: fmt.count(shown.length), total: fmt.count(total) })}
        </p>
      )}
    </>
  );
}
