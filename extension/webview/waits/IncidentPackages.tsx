import { useState } from 'preact/hooks';
import type { PackageWork } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { phaseName } from './words';

/** Shown at first; the rest on request. */
const FIRST = 8;

/** The packages that the wait was for, by gopls's own spans: no profile names them. */
export function IncidentPackages({ work }: { work: PackageWork }) {
  const [all, setAll] = useState(false);
  const { packages, others, others_waited_ns } = work;
  const shown = all ? packages : packages.slice(0, FIRST);
  const waited_ns = packages.reduce((sum, share) => sum + share.waited_ns, others_waited_ns);
  const more = packages.length - shown.length;
  return (
    <section class="packages">
      <h4>{t('For which packages: {time} of the wait', { time: fmt.duration(waited_ns) })}</h4>
      <table class="phases" aria-label={t('For which packages')}>
        <thead>
          <tr>
            <th />
            <th />
            <th class="numeric" title={t('Nothing else was waited for then')}>
              {t('Waited for')}
            </th>
            <th
              class="numeric"
              title={t('Beside others or not; what it waited for itself, as its imports, is in it')}
            >
              {t('Went on for')}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ package: name, phase, waited_ns: waited, running_ns }) => (
            <tr key={`${phase} ${name}`}>
              <th scope="row">
                <span class={`swatch phase-${phase}`} aria-hidden="true" />
                {phaseName(phase)}
              </th>
              <td class="package-name">{name}</td>
              <td class="numeric">{fmt.duration(waited)}</td>
              <td class="numeric dim">{fmt.duration(running_ns)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {t('{count} more packages', { count: fmt.count(more) })}
        </button>
      )}
      {(all || more === 0) && others > 0 && (
        <p class="dim">
          {t('{count} more packages, waited for {time} together.', {
            count: fmt.count(others),
            time: fmt.duration(others_waited_ns),
          })}
        </p>
      )}
    </section>
  );
}
