import { useRef, useState } from 'preact/hooks';
import type { SubsystemTable } from '../../shared/model';
import { clamp, cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Share } from '../heap/Share';
import { subsystemDetail, subsystemName } from '../words/subsystems';

interface Props {
  table: SubsystemTable;
  chosen: string | null;
  /** Null: nothing is chosen any more. */
  onChoose(subsystem: string | null): void;
}

/** What each part of gopls holds. One tab stop; arrow keys move, Enter chooses and lets go again. */
export function SubsystemList({ table, chosen, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [moved, setActive] = useState(0);
  const { rows, unit } = table;
  const active = clamp(moved, 0, Math.max(0, rows.length - 1));
  const choose = (id: string) => onChoose(id === chosen ? null : id);
  const onKey = (event: KeyboardEvent) => {
    const last = rows.length - 1;
    const to = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: last }[event.key];
    const row = rows[active];
    if (to !== undefined) {
      const next = clamp(to, 0, last);
      setActive(next);
      box.current?.querySelector(`#subsystem-${next}`)?.scrollIntoView({ block: 'nearest' });
    } else if ((event.key === 'Enter' || event.key === ' ') && row) choose(row.subsystem);
    else if (event.key === 'Escape') onChoose(null);
    else return;
    event.preventDefault();
  };
  return (
    <div
      ref={box}
      class="subsystem-list"
      role="grid"
      tabIndex={0}
      aria-label={t('Heap by subsystem; arrow keys move, Enter shows the functions of one')}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={rows.length > 0 ? `subsystem-${active}` : undefined}
      onKeyDown={onKey}
    >
      <table role="presentation">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader">{t('Subsystem')}</th>
            <th role="columnheader" class="numeric" title={t('Allocated in the function itself')}>
              {t('Flat')}
            </th>
            <th
              role="columnheader"
              class="numeric"
              title={t('How many functions allocated something of it themselves')}
            >
              {t('Functions')}
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map(({ subsystem, value, share, functions }, index) => (
            <tr
              key={subsystem}
              id={`subsystem-${index}`}
              role="row"
              aria-selected={subsystem === chosen}
              class={cx(subsystem === chosen && 'chosen', index === active && 'active')}
              title={subsystemDetail(subsystem)}
              onClick={() => {
                setActive(index);
                choose(subsystem);
              }}
            >
              <td role="gridcell" class="name">
                <span class={`swatch subsystem subsystem-${subsystem}`} aria-hidden="true" />
                {subsystemName(subsystem)} <span class="detail">{subsystemDetail(subsystem)}</span>
              </td>
              <td role="gridcell" class="numeric">
                <Share value={value} share={share} unit={unit} />
              </td>
              <td role="gridcell" class="numeric">
                {fmt.count(functions)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
