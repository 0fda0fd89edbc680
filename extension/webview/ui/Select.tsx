interface Props<K extends string> {
  label: string;
  options: { key: K; label: string }[];
  selected: K;
  onSelect(key: K): void;
}

export function Select<K extends string>({ label, options, selected, onSelect }: Props<K>) {
  return (
    <select
      class="select"
      aria-label={label}
      title={label}
      value={selected}
      onChange={(event) => {
        const option = options.find(({ key }) => key === event.currentTarget.value);
        if (option) onSelect(option.key);
      }}
    >
      {options.map(({ key, label: name }) => (
        <option key={key} value={key}>
          {name}
        </option>
      ))}
    </select>
  );
}
