import { t } from '../base/l10n';

interface Props {
  path: string[];
  /** How a name of the path is shown; `at` is its place in it. */
  name(part: string, at: number): string;
  onPath(path: string[]): void;
}

/** Where one has zoomed to, and the way back. */
export function Breadcrumbs({ path, name, onPath }: Props) {
  if (path.length === 0) return null;
  return (
    <nav class="crumbs" aria-label={t('Zoomed to')}>
      <button type="button" class="button secondary small" onClick={() => onPath(path.slice(0, -1))}>
        {t('Back')}
      </button>
      <button type="button" class="crumb" onClick={() => onPath([])}>
        {t('all')}
      </button>
      {path.map((part, at) => (
        <button
          key={at}
          type="button"
          class="crumb"
          title={part}
          onClick={() => onPath(path.slice(0, at + 1))}
        >
          {name(part, at)}
        </button>
      ))}
    </nav>
  );
}
