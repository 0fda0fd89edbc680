import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { SubsystemSwatch } from '../subsystems/SubsystemSwatch';
import { shortName } from './names';
import { ballastDetail } from './words';

interface Named {
  function: string;
  package: string;
  file: string;
  line: number;
  label?: string;
  subsystem?: string;
}

/** A function as a link to its source, its package behind it. */
export function FunctionCell({ row }: { row: Named }) {
  const { openSource, offline } = usePanel();
  return (
    <>
      {row.subsystem !== undefined && <SubsystemSwatch id={row.subsystem} class="function-swatch" />}
      {row.file && !offline ? (
        // Reached by keyboard through the grid: Enter on the row.
        <a class="function" role="link" tabIndex={-1} onClick={() => openSource(row.file, row.line)}>
          {shortName(row.function)}
        </a>
      ) : (
        <span class="function">{shortName(row.function)}</span>
      )}
      {/* Spaces are for those who hear it or copy it. */}{' '}
      {row.label === 'ballast' && (
        <span class="tag" title={ballastDetail()}>
          {t('gopls ballast')}
        </span>
      )}{' '}
      <span class="package">{row.package}</span>
    </>
  );
}

export const functionTitle = (row: Named): string =>
  row.file ? `${row.function}\n${row.file}${row.line > 0 ? `:${row.line}` : ''}` : row.function;
