import { cx } from '../base/dom';

interface Props<K extends string> {
  label: string;
  options: { key: K; label: string; title?: string; disabled?: boolean }[];
  selected: K;
  onSelect(key: K): void;
}

/** A choice of a few as adjoining buttons. */
export function Segmented<K extends string>({ label, options, selected, onSelect }: Props<K>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map(({ key, label: name, title, disabled }) => (
        <button
          key={key}
          type="button"
          class={cx(key === selected && 'selected')}
          aria-pressed={key === selected}
          title={title}
          disabled={disabled}
          onClick={() => onSelect(key)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
