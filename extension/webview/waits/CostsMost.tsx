import { useState } from 'preact/hooks';
import { causeName } from '../../shared/causeWords';
import type { WaitSum } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { methodName } from '../words/sources';
import { SpreadCells, SpreadHeads } from './Spread';
import { WaitsOverTime } from './WaitsOverTime';

const MOST_ROWS = 6;

/** What costs this user most, over the incidents that are kept. `version` changes with the list of them. */
export function CostsMost({ version }: { version: string }) {
  const { rpc } = usePanel();
  const [open, setOpen] = useState(false);
  const { value } = useRequest(version, () => rpc.ask('stallSummary', {}));
  // One wait is no statistic.
  if (!value || value.waits < 2) return null;
  const causes = value.causes.filter(({ kind }) => kind !== 'unknown');
  return (
    <details class="costs-most" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {t('What costs you most')}{' '}
        <span class="dim">
          {t('{count} waits, {duration}', {
            count: fmt.count(value.waits),
            duration: fmt.duration(value.total_ns),
          })}
        </span>
      </summary>
      <Sums
        title={t('Cause')}
        rows={causes.map(({ kind, sum }) => ({ name: causeName(kind, { t }), sum }))}
      />
      <Sums
        title={t('Request')}
        rows={value.methods.map(({ method, sum }) => ({ name: methodName(method), sum }))}
      />
      {open && <WaitsOverTime summary={value} version={version} />}
    </details>
  );
}

function Sums({ title, rows }: { title: string; rows: { name: string; sum: WaitSum }[] }) {
  if (rows.length === 0) return null;
  return (
    <table class="phases">
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col" class="numeric">
            {t('Total')}
          </th>
          <SpreadHeads />
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, MOST_ROWS).map(({ name, sum }) => (
          <tr key={name}>
            <th scope="row">
              {name} <span class="dim">{`×\u202f${fmt.count(sum.count)}`}</span>
            </th>
            <td class="numeric">{fmt.duration(sum.total_ns)}</td>
            <SpreadCells sum={sum} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}
