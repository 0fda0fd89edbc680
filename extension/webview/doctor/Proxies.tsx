import type { ProxyTable } from '../../shared/doctor';
import { cx } from '../base/dom';
import { t } from '../base/l10n';

/** What each way to set GOPROXY means for verification and for private modules, and which is in force. */
export function Proxies({ table: { in_force, rows } }: { table: ProxyTable }) {
  return (
    <details class="doctor-part">
      <summary>
        <span class="doctor-part-title">{t('Proxies of modules')}</span>{' '}
        <span class="dim">
          {in_force === null ? t('GOPROXY is not known here') : <code>{`GOPROXY=${in_force}`}</code>}
        </span>
      </summary>
      <div class="table-frame">
        <table class="table doctor-proxies" aria-label={t('What GOPROXY means')}>
          <thead>
            <tr>
              <th>{t('GOPROXY')}</th>
              <th>{t('Who is asked')}</th>
              <th>{t('Verification')}</th>
              <th>{t('Private modules')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ value, asks, verification, private: ofPrivate }) => (
              <tr key={value} class={cx(value === in_force && 'in-force')}>
                <td class="doctor-value">
                  <code>{value}</code>
                  {value === in_force && <span class="tag good">{t('in force')}</span>}
                </td>
                <td>{asks}</td>
                <td>{verification}</td>
                <td>{ofPrivate}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
