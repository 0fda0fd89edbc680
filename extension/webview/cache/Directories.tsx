import type { CacheDirectory, CacheSize, CacheView, GoplsExecutable } from '../../shared/doctor';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { age, atLeast, ownerDetail, ownerName } from './words';

/** A row for each directory: those in use first. */
export function Directories({ view }: { view: CacheView }) {
  const { directories } = view.cache;
  if (directories.length === 0) return <p class="dim">{t('There is nothing in it.')}</p>;
  return (
    <div class="table-frame cache-frame" tabIndex={0}>
      <table class="allocation cache-table" aria-label={t("Directories of gopls's cache")}>
        <thead>
          <tr>
            <th>{t('State')}</th>
            <th>{t('Directory and executable')}</th>
            <th class="numeric">{t('Size')}</th>
            <th class="numeric">{t('Files')}</th>
            <th>{t('Kinds')}</th>
            <th
              class="numeric"
              title={t('gopls notes it once an hour, and removes what was unused for five days')}
            >
              {t('Last used')}
            </th>
          </tr>
        </thead>
        <tbody>
          {directories.map((directory) => (
            <Row key={directory.name} directory={directory} now={view.now_unix_ms} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ directory, now }: { directory: CacheDirectory; now: number }) {
  const { name, owner, size, executables, why } = directory;
  return (
    <tr>
      <td>
        <span class={cx('tag', `cache-${owner}`)} title={ownerDetail(owner)}>
          {ownerName(owner)}
        </span>
      </td>
      <td class="cache-whose">
        <code>{name}</code>
        {executables.map((executable) => (
          <Executable key={executable.path} executable={executable} />
        ))}
        {why !== null && <span class="dim">{t('not touched: {why}', { why })}</span>}
      </td>
      <td class="numeric">{size ? atLeast(fmt.bytes(size.bytes), size.complete) : '–'}</td>
      <td class="numeric">{size ? atLeast(fmt.count(size.files), size.complete) : '–'}</td>
      <td class="cache-kinds">{size && <Kinds size={size} />}</td>
      <Used size={size} now={now} />
    </tr>
  );
}

function Executable({ executable }: { executable: GoplsExecutable }) {
  const { path, version, pids } = executable;
  const facts = [version ?? t('from a work tree')];
  if (pids.length > 0) facts.push(t('process {pid}', { pid: pids.join(', ') }));
  return (
    <span class="dim" title={executable.sha256}>
      {path} ({facts.join(', ')})
    </span>
  );
}

/** What takes most room first. */
function Kinds({ size }: { size: CacheSize }) {
  const kinds = Object.entries(size.kinds).sort(([, a], [, b]) => b.bytes - a.bytes);
  const files = ([kind, { files }]: (typeof kinds)[number]) =>
    t('{kind}: {files} files', { kind, files: fmt.count(files) });
  return (
    <span title={kinds.map(files).join('\n')}>
      {kinds.map(([kind, { bytes }]) => `${kind}\u00a0${fmt.bytes(bytes)}`).join(' · ')}
    </span>
  );
}

function Used({ size, now }: { size: CacheSize | null; now: number }) {
  const { newest_unix_ms: newest, oldest_unix_ms: oldest } = size ?? {};
  if (newest == null || oldest == null) return <td class="numeric">–</td>;
  const [latest, first] = [age(now - newest), age(now - oldest)];
  return (
    <td class="numeric">
      {latest}
      {first !== latest && <div class="dim">{t('oldest: {age}', { age: first })}</div>}
    </td>
  );
}
