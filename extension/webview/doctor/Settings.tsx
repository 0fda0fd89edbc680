import { useState } from 'preact/hooks';
import type { DoctorReport, SeenSetting, SettingScope } from '../../shared/doctor';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { PlaceLink } from './PlaceLink';
import { byName, overriddenBy, type Numbered } from './inForce';
import { scopeName } from './words';

/** Fewer are seen at a glance. */
const SEARCHED_FROM = 8;

/** All settings for Go that are set: which value, where, and whether it is in force. */
export function Settings({ report, number }: { report: DoctorReport; number: number }) {
  const [filter, setFilter] = useState('');
  const { settings } = report;
  const idle = settings.filter(({ counts }) => !counts).length;
  const wanted = filter.trim().toLowerCase();
  const shown = byName(settings).filter(({ setting: { key, value } }) =>
    `${key} ${value}`.toLowerCase().includes(wanted),
  );
  return (
    <details class="doctor-part">
      <summary>
        <span class="doctor-part-title">{t('Settings')}</span>{' '}
        <span class="dim">{counted(settings, idle)}</span>
      </summary>
      {settings.length >= SEARCHED_FROM && (
        <div class="query-bar">
          <input
            class="input"
            type="search"
            aria-label={t('Filter settings')}
            placeholder={t('Filter settings')}
            value={filter}
            onInput={(event) => setFilter(event.currentTarget.value)}
          />
        </div>
      )}
      {settings.length > 0 && (
        <div class="table-frame">
          <table class="table doctor-settings" aria-label={t('Settings for Go')}>
            <thead>
              <tr>
                <th>{t('Setting')}</th>
                <th>{t('Value')}</th>
                <th>{t('In force')}</th>
                <th>{t('Whose')}</th>
                <th>{t('Where')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <Row key={row.index} row={row} all={settings} folder={report.folder} report={number} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {settings.length > 0 && shown.length === 0 && <p class="dim">{t('Nothing matches.')}</p>}
    </details>
  );
}

interface RowProps {
  row: Numbered;
  all: readonly SeenSetting[];
  folder: string;
  report: number;
}

function Row({ row: { setting, index }, all, folder, report }: RowProps) {
  const { run } = usePanel();
  const { key, value, place, counts } = setting;
  return (
    <tr class={cx(!counts && 'idle')}>
      <td>
        <code>{key}</code>
      </td>
      <td class="doctor-value">
        <code>{value}</code>
      </td>
      <td>{counts ? t('yes') : idleReason(overriddenBy(all, index))}</td>
      <td>{place.kind === 'setting' && scopeName(place.scope)}</td>
      <td class="doctor-where">
        <PlaceLink
          place={place}
          folder={folder}
          onOpen={() => run('openSetting', { setting: { report, setting: index } })}
        />
      </td>
    </tr>
  );
}

function idleReason(by: SettingScope | null): string {
  return by === null
    ? t('no: nobody reads it there')
    : t('no: {scope} says otherwise', { scope: scopeName(by) });
}

function counted(settings: readonly SeenSetting[], idle: number): string {
  if (settings.length === 0) return t('none is set for Go');
  const count = fmt.count(settings.length);
  return idle === 0
    ? t('{count} for Go, all in force', { count })
    : t('{count} for Go, {idle} of them not in force', { count, idle: fmt.count(idle) });
}
