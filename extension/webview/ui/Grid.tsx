// A table of any length: draws the rows in sight, asks for pages as they come near, moves by keyboard.
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { clamp, cx, useSize } from '../base/dom';
import { t } from '../base/l10n';
import { Failed, Loading } from './Feedback';
import { Pages, type Page } from './pages';

const ROW_PX = 24;
const OVERSCAN = 8;
/** Browsers stop at some 30 million pixels. */
const MOST_ROWS = 1_000_000;

export interface Column<R, S extends string> {
  key: string;
  label: string;
  title?: string;
  /** What the core sorts by for this column; none: cannot be sorted. */
  sort?: S;
  numeric?: boolean;
  cell(row: R): ComponentChildren;
}

interface Props<R, P extends Page<R>, S extends string> {
  label: string;
  columns: Column<R, S>[];
  sort: S;
  descending: boolean;
  onSort(sort: S, descending: boolean): void;
  /** Says what `fetch` would answer; a change starts over from the top. */
  query: string;
  fetch(offset: number, limit: number): Promise<P>;
  onOpen(row: R): void;
  rowTitle(row: R): string;
  /** Above the rows: totals and notes, once they are known. */
  summary(page: P): ComponentChildren;
  /** Instead of rows when there are none. */
  empty(page: P): ComponentChildren;
}

export function Grid<R, P extends Page<R>, S extends string>(props: Props<R, P, S>) {
  const { label, columns, sort, descending, onSort, query, fetch, onOpen, rowTitle, summary, empty } = props;
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [box, { height }] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const [active, setActive] = useState(0);
  // The previous answer's summary stays while the next one loads, so that nothing jumps.
  const lastHead = useRef<P | null>(null);

  const pages = useMemo(() => new Pages<R, P>(fetch, () => redraw(undefined)), [query]);
  useEffect(() => {
    box.current?.scrollTo({ top: 0 });
    setTop(0);
    setActive(0);
    return () => pages.close();
  }, [pages]);
  if (pages.head) lastHead.current = pages.head;

  const rows = Math.min(pages.head?.matched_rows ?? 0, MOST_ROWS);
  const first = Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN);
  const last = Math.min(rows, Math.ceil((top + height) / ROW_PX) + OVERSCAN);
  useEffect(() => pages.want(first, Math.max(last, first + 1)));

  const goTo = (index: number) => {
    const to = clamp(index, 0, Math.max(0, rows - 1));
    setActive(to);
    const element = box.current;
    if (!element) return;
    // The header stays on top of the scrolled area, so it is not part of what is seen of the rows.
    if (to * ROW_PX < element.scrollTop) element.scrollTop = to * ROW_PX;
    const below = (to + 2) * ROW_PX - element.clientHeight;
    if (below > element.scrollTop) element.scrollTop = below;
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(height / ROW_PX) - 2);
    const to = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows - 1,
    }[event.key];
    if (to !== undefined) goTo(to);
    else if (event.key === 'Enter') {
      const row = pages.row(active);
      if (row !== undefined) onOpen(row);
    } else return;
    event.preventDefault();
  };

  const head = pages.head ?? lastHead.current;
  const drawn = [];
  for (let index = first; index < last; index++) drawn.push(index);
  return (
    <div class="grid-frame">
      {head && <div class="grid-summary">{summary(head)}</div>}
      {pages.error !== null && <Failed message={pages.error} onRetry={() => pages.retry()} />}
      {!pages.head && pages.error === null && !head && <Loading what={t('Reading the profile…')} />}
      {pages.head && rows === 0 && empty(pages.head)}
      <div
        ref={box}
        class={cx('grid', pages.head && rows === 0 && 'hidden')}
        role="grid"
        aria-label={label}
        aria-rowcount={rows + 1}
        aria-busy={!pages.head}
        tabIndex={0}
        aria-activedescendant={rows > 0 ? `row-${active}` : undefined}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={onKey}
      >
        <div class="grid-head" role="row" aria-rowindex={1}>
          {columns.map((column) => (
            <ColumnHead
              key={column.key}
              column={column}
              sort={sort}
              descending={descending}
              onSort={onSort}
            />
          ))}
        </div>
        <div class="grid-body" role="rowgroup" style={{ height: `${rows * ROW_PX}px` }}>
          {drawn.map((index) => {
            const row = pages.row(index);
            return (
              <div
                key={index}
                id={`row-${index}`}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={index === active}
                class={cx('grid-row', index === active && 'active')}
                style={{ transform: `translateY(${index * ROW_PX}px)` }}
                title={row === undefined ? undefined : rowTitle(row)}
                onClick={() => setActive(index)}
              >
                {columns.map((column) => (
                  <div
                    key={column.key}
                    role="gridcell"
                    class={cx('cell', `col-${column.key}`, column.numeric && 'numeric')}
                  >
                    {row === undefined ? '…' : column.cell(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

interface HeadProps<R, S extends string> {
  column: Column<R, S>;
  sort: S;
  descending: boolean;
  onSort(sort: S, descending: boolean): void;
}

function ColumnHead<R, S extends string>({ column, sort, descending, onSort }: HeadProps<R, S>) {
  const sorted = column.sort === sort;
  const direction = sorted ? (descending ? 'descending' : 'ascending') : column.sort ? 'none' : undefined;
  const { sort: by } = column;
  return (
    <div
      role="columnheader"
      aria-sort={direction}
      class={cx('cell', `col-${column.key}`, column.numeric && 'numeric')}
      title={column.title}
    >
      {by ? (
        <button
          type="button"
          class={cx('sort', sorted && 'sorted')}
          // Numbers: the largest first. Names: A first.
          onClick={() => onSort(by, sorted ? !descending : Boolean(column.numeric))}
        >
          {column.label}
          <span class="sort-sign" aria-hidden="true">
            {sorted ? (descending ? '▾' : '▴') : ''}
          </span>
        </button>
      ) : (
        column.label
      )}
    </div>
  );
}
