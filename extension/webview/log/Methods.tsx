import type { LogMethod } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { length, sender } from './words';

/** Percentiles per method: what cost most first. */
export function Methods({ methods }: { methods: LogMethod[] }) {
  if (methods.length === 0) return null;
  return (
    <section>
      <h2>{t('Latency by method')}</h2>
      <div class="table-frame log-methods">
        <table class="allocation" aria-label={t('Latency by method')}>
          <thead>
            <tr>
              <th>{t('Method')}</th>
              <th>{t('Asked by')}</th>
              <th class="numeric">{t('p50')}</th>
              <th class="numeric">{t('p90')}</th>
              <th class="numeric">{t('p99')}</th>
              <th class="numeric">{t('Longest')}</th>
              <th class="numeric" title={t('With an answer, errors included: what the lengths are of')}>
                {t('Answered')}
              </th>
              <th class="numeric">{t('Errors')}</th>
              <th class="numeric">{t('Cancelled')}</th>
              <th class="numeric">{t('Pending')}</th>
            </tr>
          </thead>
          <tbody>
            {methods.map((method) => (
              <Row key={`${method.from} ${method.method}`} method={method} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({ method }: { method: LogMethod }) {
  const of = (ms: number) => (method.answered > 0 ? length(ms) : '–');
  return (
    <tr>
      <td class="function">{method.method}</td>
      <td>{sender(method.from)}</td>
      {[method.p50_ms, method.p90_ms, method.p99_ms, method.longest_ms].map((ms, at) => (
        <td key={at} class="numeric">
          {of(ms)}
        </td>
      ))}
      {[method.answered, method.errors, method.cancelled, method.pending].map((count, at) => (
        <td key={at} class={count > 0 ? 'numeric' : 'numeric dim'}>
          {fmt.count(count)}
        </td>
      ))}
    </tr>
  );
}
