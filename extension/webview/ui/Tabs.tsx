import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { cx } from '../base/dom';

export interface Tab<K extends string> {
  key: K;
  label: string;
  /** Said after the label, e.g. a count. */
  badge?: string;
}

interface Props<K extends string> {
  label: string;
  tabs: Tab<K>[];
  selected: K;
  onSelect(key: K): void;
  children: ComponentChildren;
}

/** A tab list as the ARIA practices describe it: one tab stop, arrow keys move and select. */
export function Tabs<K extends string>({ label, tabs, selected, onSelect, children }: Props<K>) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.key === selected);
    const last = tabs.length - 1;
    const to = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    }[event.key];
    const tab = to === undefined ? undefined : tabs[to];
    if (!tab) return;
    event.preventDefault();
    onSelect(tab.key);
    list.current?.querySelector<HTMLElement>(`#tab-${tab.key}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map(({ key, label: name, badge }) => (
          <button
            key={key}
            id={`tab-${key}`}
            type="button"
            role="tab"
            class={cx('tab', key === selected && 'selected')}
            aria-selected={key === selected}
            aria-controls="tab-panel"
            tabIndex={key === selected ? 0 : -1}
            onClick={() => onSelect(key)}
          >
            {name}
            {badge && <span class="badge">{badge}</span>}
          </button>
        ))}
      </div>
      <div class="tab-panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${selected}`} tabIndex={-1}>
        {children}
      </div>
    </>
  );
}
