import type { MethodHistory } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { SpreadHeads } from '../waits/Spread';
import { methodName } from '../words/sources';

/** How long each kind of request took, those with the most stalls first. */
export function Methods({ methods }: { methods: readonly MethodHistory[] }) {
  if (methods.length === 0) return null;
  return (
    <section>
      <h2>{t('Requests')}</h2>
      <div class="table-frame">
        <table class="table" aria-label={t('Requests')}>
          <thead>
            <tr>
              <th scope="col">{t('Request')}</th>
              <th scope="col" class="numeric">
                {t('Stalls')}
              </th>
              <th scope="col" class="numeric">
                {t('Answers')}
              </th>
              <SpreadHeads />
            </tr>
          </thead>
          <tbody>
            {methods.map(({ method, stalls, waits, p50_ns, p95_ns }) => (
              <tr key={method}>
                <th scope="row">{methodName(method)}</th>
                <td class="numeric">{fmt.count(stalls)}</td>
                <td class="numeric">{fmt.count(waits)}</td>
                <td class="numeric">{p50_ns === null ? '–' : fmt.duration(p50_ns)}</td>
                <td class="numeric">{p95_ns === null ? '–' : fmt.duration(p95_ns)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
