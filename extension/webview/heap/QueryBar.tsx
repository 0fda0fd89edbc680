import type { ComponentChildren } from 'preact';
import { t } from '../base/l10n';
import { Select } from '../ui/Select';
import { useSampleTypes } from './sampleTypes';
import { sampleTypeName } from './words';
import type { TableQuery } from './useTableQuery';

interface Props {
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  /** What the text field does here; null where there is nothing to search. */
  search?: string | null;
  children?: ComponentChildren;
}

/** Sample type and filter, the same above every view of a profile. */
export function QueryBar({ query, onQuery, search, children }: Props) {
  const types = useSampleTypes().map(({ sample_type: key }) => ({ key, label: sampleTypeName(key) }));
  return (
    <div class="query-bar">
      <Select
        label={t('What is counted')}
        options={types}
        selected={query.sample_type}
        onSelect={(sample_type) => onQuery({ sample_type })}
      />
      {search !== null && (
        <input
          class="input"
          type="search"
          spellcheck={false}
          placeholder={search ?? t('Filter by function or package')}
          aria-label={search ?? t('Filter by function or package')}
          value={query.filter}
          onInput={(event) => onQuery({ filter: event.currentTarget.value })}
        />
      )}
      {children}
    </div>
  );
}
