import type { GoCache } from '../../shared/doctor';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { atLeast } from './words';

/** Go's own caches: how large they are, and the command that empties each. They are not ours to touch. */
export function GoCaches() {
  const { rpc } = usePanel();
  const { value, error, retry } = useRequest('go', () => rpc.ask('goCaches', {}));
  return (
    <section aria-label={t("Go's own caches")}>
      <h2 class="cache-folder">{t("Go's own caches")}</h2>
      <p class="dim">
        {t('Stallscope does not touch them. The go command empties them; the next builds fill them again.')}
      </p>
      {error !== null ? (
        <Failed message={error} onRetry={retry} />
      ) : !value ? (
        <Loading what={t('Counting files…')} />
      ) : value.length === 0 ? (
        <p class="dim">{t('The go command does not say where they are.')}</p>
      ) : (
        <div class="table-frame cache-frame" tabIndex={0}>
          <table class="allocation cache-table" aria-label={t("Go's own caches")}>
            <thead>
              <tr>
                <th>{t('Cache')}</th>
                <th>{t('Folder')}</th>
                <th class="numeric">{t('Size')}</th>
                <th class="numeric">{t('Files')}</th>
                <th>{t('To empty it')}</th>
              </tr>
            </thead>
            <tbody>
              {value.map((cache) => (
                <Row key={cache.name} cache={cache} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ cache }: { cache: GoCache }) {
  const { run } = usePanel();
  const command = cache.command.join(' ');
  return (
    <tr>
      <td>{cache.name === 'build' ? t('build cache') : t('module cache')}</td>
      <td class="cache-whose">
        <code>{cache.folder}</code>
      </td>
      <td class="numeric">{atLeast(fmt.bytes(cache.bytes), cache.complete)}</td>
      <td class="numeric">{atLeast(fmt.count(cache.files), cache.complete)}</td>
      <td>
        <code>{command}</code>{' '}
        <button
          type="button"
          class="link"
          aria-label={t('Copy: {fix}', { fix: command })}
          onClick={() => run('copyGoCommand', { goCache: cache.name })}
        >
          {t('Copy')}
        </button>
      </td>
    </tr>
  );
}
