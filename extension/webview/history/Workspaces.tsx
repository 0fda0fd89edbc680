import type { WorkspaceHistory } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { workspaceName } from './words';

/** The memory of each workspace's gopls, those that were watched longest first. */
export function Workspaces({ workspaces }: { workspaces: readonly WorkspaceHistory[] }) {
  if (workspaces.length === 0) return null;
  return (
    <section>
      <h2>{t('Workspaces')}</h2>
      <div class="table-frame">
        <table class="table" aria-label={t('Workspaces')}>
          <thead>
            <tr>
              <th scope="col">{t('Workspace')}</th>
              <th scope="col" class="numeric">
                {t('Watched for')}
              </th>
              <th scope="col" class="numeric">
                {t('RSS on the first day')}
              </th>
              <th scope="col" class="numeric">
                {t('On the last')}
              </th>
              <th scope="col" class="numeric">
                {t('Most RSS')}
              </th>
            </tr>
          </thead>
          <tbody>
            {workspaces.map(({ workspace, watched_ns, rss_peak_bytes, days }) => (
              <tr key={workspace}>
                <th scope="row" title={workspace}>
                  {workspaceName(workspace)}
                </th>
                <td class="numeric">{fmt.duration(watched_ns)}</td>
                <td class="numeric">{fmt.bytes(days[0]?.rss_average_bytes ?? 0)}</td>
                <td class="numeric">{fmt.bytes(days.at(-1)?.rss_average_bytes ?? 0)}</td>
                <td class="numeric">{fmt.bytes(rss_peak_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
