import type { FindingPlace } from '../../shared/doctor';
import { t } from '../base/l10n';

interface Props {
  place: FindingPlace;
  /** Files below it are named from there on. */
  folder: string;
  onOpen(): void;
}

/** Where something stands: a file and its line to open, or what else it is. */
export function PlaceLink({ place, folder, onOpen }: Props) {
  const file = place.kind === 'file' || (place.kind === 'setting' && place.path !== null) ? place : null;
  if (!file) return <code>{plainPlace(place)}</code>;
  const path = file.path ?? '';
  const name =
    path.startsWith(folder) && /^[/\\]./.test(path.slice(folder.length))
      ? path.slice(folder.length + 1)
      : path;
  return (
    <button type="button" class="link place" title={path} onClick={onOpen}>
      {file.range ? `${name}:${file.range.start.line + 1}` : name}
    </button>
  );
}

function plainPlace(place: FindingPlace): string {
  switch (place.kind) {
    case 'file':
    case 'folder':
      return place.path;
    case 'setting':
      return t('in your settings');
    case 'environment':
      return place.name;
    case 'process':
      return t('process {pid}', { pid: String(place.pid) });
  }
}
