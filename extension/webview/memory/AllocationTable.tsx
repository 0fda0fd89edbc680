import type { AllocationRate } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { shortName } from '../heap/names';
import { subsystemName } from '../words/subsystems';
import { perSecond, samplingError } from './words';

interface Props {
  rate: AllocationRate;
  /** In a sentence: how much, and from when to when. */
  caption: string;
}

/** Who allocates how much a second, freed or not. */
export function AllocationTable({ rate, caption }: Props) {
  return (
    <>
      <p class="allocation-caption">{caption}</p>
      {rate.sites.length > 0 && (
        <div class="table-frame">
          <table class="allocation" aria-label={t('Who allocates')}>
            <thead>
              <tr>
                <th class="numeric">{t('Allocates')}</th>
                <th class="numeric" title={samplingError()}>
                  {t('Standard error')}
                </th>
                <th>{t('Subsystem')}</th>
                <th>{t('Function')}</th>
              </tr>
            </thead>
            <tbody>
              {rate.sites.map(({ function: name, subsystem, bytes_per_s, error_share }) => (
                <tr key={name}>
                  <td class="numeric">{perSecond(bytes_per_s)}</td>
                  <td class="numeric dim">{`±\u00a0${fmt.share(error_share, 0)}`}</td>
                  <td>
                    <span
                      class={`swatch subsystem subsystem-${subsystem} function-swatch`}
                      aria-hidden="true"
                    />
                    {subsystemName(subsystem)}
                  </td>
                  <td class="function" title={name}>
                    {shortName(name)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="dim">{samplingError()}</p>
    </>
  );
}
