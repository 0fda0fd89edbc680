import type { WaitSum } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';

/** The heads of the two columns that say how waits are spread. */
export function SpreadHeads() {
  return (
    <>
      <th scope="col" class="numeric" title={t('Half of them were no longer')}>
        {t('Median')}
      </th>
      <th scope="col" class="numeric" title={t('19 of 20 were no longer')}>
        {t('95 %')}
      </th>
    </>
  );
}

/** The two columns. */
export function SpreadCells({ sum }: { sum: WaitSum }) {
  return (
    <>
      <td class="numeric">{fmt.duration(sum.p50_ns)}</td>
      <td class="numeric">{fmt.duration(sum.p95_ns)}</td>
    </>
  );
}
