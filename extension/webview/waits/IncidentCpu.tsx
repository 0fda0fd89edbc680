import type { Capture, Incident } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { shortName } from '../heap/names';
import { SubsystemSwatch } from '../subsystems/SubsystemSwatch';
import { subsystemName } from '../words/subsystems';
import { bestWait } from './best';
import { byPackage } from './cpuPackages';

const MOST_SUBSYSTEMS = 4;
const MOST_PACKAGES = 4;
const MOST_FUNCTIONS = 5;
/** A second of a few cores has fewer functions. */
const ALL_FUNCTIONS = 1000;

/** What gopls's CPU time went into while somebody waited, second by second; nothing, when that was not recorded. */
export function IncidentCpu({ incident }: { incident: Incident }) {
  const slices = incident.captures.filter(
    ({ kind, state, trigger }) => kind === 'cpu' && state === 'complete' && trigger !== 'user',
  );
  if (slices.length === 0) return null;
  return (
    <section class="cpu-slices">
      <h3>{t('CPU during the wait')}</h3>
      <table class="phases" aria-label={t('CPU during the wait')}>
        <thead>
          <tr>
            <th />
            <th>{t('Part of gopls')}</th>
            <th>{t('In its packages')}</th>
            <th>{t('In its functions')}</th>
          </tr>
        </thead>
        <tbody>
          {slices.map((slice) => (
            <Slice key={slice.number} incident={incident} slice={slice} />
          ))}
        </tbody>
      </table>
      <p class="dim">
        {t(
          'From gopls’s CPU profiles, which look at it 100 times a second. The functions are those in which it was itself; more is under Heap and Flame graph.',
        )}{' '}
        {bestWait(incident)?.packages
          ? t('They are gopls’s and Go’s own: for which of your packages it was, the list above tells.')
          : t(
              'They are gopls’s and Go’s own: for which of your packages it was, no profile tells. gopls’s own timing does, where it is recorded.',
            )}
      </p>
    </section>
  );
}

function Slice({ incident, slice }: { incident: Incident; slice: Capture }) {
  const { rpc } = usePanel();
  const ref = { incident: incident.id, capture: slice.number };
  const key = `${incident.id} ${slice.number}`;
  const { value: subsystems } = useRequest(`${key} subsystems`, () =>
    rpc.ask('subsystems', { ref, query: { sample_type: null } }),
  );
  const { value: functions } = useRequest(`${key} functions`, () =>
    rpc.ask('heapTable', {
      ref,
      query: {
        sample_type: null,
        sort: 'flat',
        descending: true,
        filter: '',
        subsystem: null,
        with_subsystems: false,
        offset: 0,
        limit: ALL_FUNCTIONS,
      },
    }),
  );
  // Others were only above these in a stack.
  const own = functions?.rows.filter(({ flat_share }) => flat_share > 0) ?? [];
  const from = (slice.sent_ns ?? slice.trigger_ns) - incident.request.start_ns;
  return (
    <tr>
      <th scope="row">
        {fmt.signed(from, fmt.duration)}
        {subsystems && <div class="dim">{t('{time} of CPU', { time: fmt.duration(subsystems.total) })}</div>}
      </th>
      <td>
        {subsystems?.rows.slice(0, MOST_SUBSYSTEMS).map(({ subsystem, share }) => (
          <div key={subsystem}>
            <SubsystemSwatch id={subsystem} /> {subsystemName(subsystem)} {fmt.share(share, 0)}
          </div>
        ))}
      </td>
      <td>
        {byPackage(own)
          .slice(0, MOST_PACKAGES)
          .map(({ package: name, share }) => (
            <div key={name} title={name}>
              {name === '' ? t('no package') : shortName(name)} <span class="dim">{fmt.share(share, 0)}</span>
            </div>
          ))}
      </td>
      <td>
        {own.slice(0, MOST_FUNCTIONS).map(({ function: name, flat_share: share }) => (
          <div key={name} title={name}>
            {shortName(name)} <span class="dim">{fmt.share(share, 0)}</span>
          </div>
        ))}
      </td>
    </tr>
  );
}
