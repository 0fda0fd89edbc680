import type { LogLoad, LogOverview } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { clock, length } from './words';

const SHOWN = 50;

/** What gopls had `go list` load, and how often without a change that the log shows. */
export function Loads({ overview }: { overview: LogOverview }) {
  const { loads, load_count, loads_without_change } = overview;
  if (loads.length === 0) return null;
  return (
    <section>
      <h2>{t('Loads of packages')}</h2>
      <p>
        {t(
          '{count} loads; {repeated} of them asked the same as one before, with no change between that the log shows.',
          {
            count: fmt.count(load_count),
            repeated: fmt.count(loads_without_change),
          },
        )}
      </p>
      <div class="table-frame">
        <table class="allocation" aria-label={t('Loads of packages')}>
          <thead>
            <tr>
              <th class="numeric">{t('Ended')}</th>
              <th class="numeric">{t('Took')}</th>
              <th class="numeric">{t('Packages')}</th>
              <th>{t('What was asked for')}</th>
            </tr>
          </thead>
          <tbody>
            {loads.slice(-SHOWN).map((load) => (
              <tr key={`${load.at_ms} ${load.number}`}>
                <td class="numeric">{clock(load.at_ms)}</td>
                <td class="numeric">{load.duration_ms === null ? '–' : length(load.duration_ms)}</td>
                <td class="numeric">{load.packages === null ? '–' : fmt.count(load.packages)}</td>
                <td title={load.directory}>
                  {load.query} <span class="dim">{note(load)}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function note({ error, repeated, without_change }: LogLoad): string {
  if (error !== null) return error;
  if (without_change) return t('the same once more, without a change');
  return repeated ? t('the same once more, after a change') : '';
}
