import { t } from '../base/l10n';
import { shortName } from '../heap/names';

interface Props {
  path: string[];
  onPath(path: string[]): void;
}

/** The way from the root to the frame that is zoomed on. */
export function Crumbs({ path, onPath }: Props) {
  if (path.length === 0) return null;
  return (
    <nav class="crumbs" aria-label={t('Zoomed to')}>
      <button type="button" class="button secondary small" onClick={() => onPath(path.slice(0, -1))}>
        {t('Back')}
      </button>
      <button type="button" class="crumb" onClick={() => onPath([])}>
        {t('all')}
      </button>
      {path.map((name, at) => (
        <button
          key={at}
          type="button"
          class="crumb"
          title={name}
          onClick={() => onPath(path.slice(0, at + 1))}
        >
          {shortName(name)}
        </button>
      ))}
    </nav>
  );
}
