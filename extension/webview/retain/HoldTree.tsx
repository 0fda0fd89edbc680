import { useEffect, useRef, useState } from 'preact/hooks';
import type { HeapAnswers, HeldRow } from '../../shared/heap';
import { clamp, cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useHeap } from './ask';
import { Bar } from './Bar';
import { shortType } from './names';
import { childrenOf, flat, leadsOn, type Line, type Node } from './tree';
import type { ChosenType } from './TypeDetail';
import { heldWords, wholeWay } from './words';

/** Where a look begins. */
export type TreeStart =
  | { kind: 'all' }
  | { kind: 'type'; id: number; name: string }
  | { kind: 'object'; object: number; name: string };

interface Props {
  start: TreeStart;
  total: number;
  onAll(): void;
  onType(type: ChosenType): void;
}

/** What holds what: each row would be freed if the one above it were gone. One tab stop; arrow keys move, open and close. */
export function HoldTree({ start, total, onAll, onType }: Props) {
  const heap = useHeap();
  const box = useRef<HTMLDivElement>(null);
  const [nodes, setNodes] = useState<Node[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [moved, setActive] = useState(0);
  const ask = (way: number[]): Promise<HeapAnswers['holds']> =>
    heap.ask({
      ask: 'holds',
      ...(start.kind === 'type' ? { id: start.id } : start.kind === 'object' ? { object: start.object } : {}),
      way,
    });
  const failed = (reason: unknown) => setError(reason instanceof Error ? reason.message : String(reason));
  useEffect(() => {
    let current = true;
    ask([]).then((answer) => current && setNodes(childrenOf(answer, [])), failed);
    return () => {
      current = false;
    };
    // Another start is another tree, by its key.
  }, []);

  const lines = flat(nodes ?? []);
  const active = clamp(moved, 0, Math.max(0, lines.length - 1));
  const goTo = (index: number) => {
    const to = clamp(index, 0, lines.length - 1);
    setActive(to);
    box.current?.querySelector(`#hold-${to}`)?.scrollIntoView({ block: 'nearest' });
  };
  const change = () => setNodes((old) => old && [...old]);
  const toggle = ({ node }: Line) => {
    if (!leadsOn(node)) return;
    node.open = !node.open;
    change();
    if (!node.open || node.children) return;
    ask(node.way).then((answer) => {
      node.children = childrenOf(answer, node.way);
      change();
    }, failed);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const line = lines[active];
    if (!line) return;
    const { node, level } = line;
    switch (event.key) {
      case 'ArrowDown':
        goTo(active + 1);
        break;
      case 'ArrowUp':
        goTo(active - 1);
        break;
      case 'Home':
        goTo(0);
        break;
      case 'End':
        goTo(lines.length - 1);
        break;
      case 'ArrowRight':
        if (node.open) goTo(active + 1);
        else toggle(line);
        break;
      case 'ArrowLeft':
        if (node.open) toggle(line);
        else goTo(lines.findLastIndex((above, index) => index < active && above.level < level));
        break;
      case 'Enter':
      case ' ':
        choose(node.row);
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  const choose = (row: HeldRow) => {
    if (row.id === null) return;
    onType({
      id: row.id,
      type: row.type,
      count: row.count,
      retained_bytes: row.retained_bytes,
      words: row.words,
    });
  };
  return (
    <>
      <h2>
        {start.kind === 'all'
          ? t('What holds what')
          : t('What {name} holds', { name: shortType(start.name) })}{' '}
        {start.kind !== 'all' && (
          <button type="button" class="link" onClick={onAll}>
            {t('Show all of the heap')}
          </button>
        )}
      </h2>
      <p class="dim">
        {t(
          'Each row is freed when the one it hangs on goes, and not before. What several hold at once hangs on the first level, with a word on who they are.',
        )}
      </p>
      {error !== null && <p role="alert">{error}</p>}
      <div
        ref={box}
        class="retain-tree"
        role="tree"
        tabIndex={0}
        aria-label={t('What holds what; arrow keys move and open, Enter shows who holds a type')}
        aria-busy={nodes === null}
        aria-activedescendant={lines.length > 0 ? `hold-${active}` : undefined}
        onKeyDown={onKey}
      >
        {lines.map((line, index) => (
          <div
            key={line.node.way.join('.')}
            id={`hold-${index}`}
            role="treeitem"
            aria-level={line.level}
            aria-expanded={leadsOn(line.node) ? line.node.open : undefined}
            aria-selected={index === active}
            class={cx('retain-row', line.node.row.held_by && 'two-lines', index === active && 'active')}
            title={line.node.row.type}
            onClick={() => {
              setActive(index);
              toggle(line);
            }}
          >
            <Bar bytes={line.node.row.retained_bytes} of={total} />
            <span class="retain-what" style={{ paddingLeft: `${(line.level - 1) * 14}px` }}>
              <span class="retain-twist" aria-hidden="true">
                {leadsOn(line.node) ? (line.node.open ? '▾' : '▸') : ''}
              </span>
              <What row={line.node.row} others={line.node.others} onType={() => choose(line.node.row)} />
            </span>
          </div>
        ))}
      </div>
    </>
  );
}

function What({ row, others, onType }: { row: HeldRow; others: number; onType(): void }) {
  if (others > 0) return <span class="dim">{t('{count} more types', { count: fmt.count(others) })}</span>;
  const open = (event: MouseEvent) => {
    event.stopPropagation();
    onType();
  };
  return (
    <>
      {row.count > 1 && <span class="retain-count">{fmt.count(row.count)} × </span>}
      <button type="button" class="link" tabIndex={-1} onClick={open}>
        {row.type === '' ? t('of unknown type') : shortType(row.type)}
      </button>
      {row.words !== undefined && <span class="dim retain-words">{row.words}</span>}
      {row.held_by && (
        <span class="dim retain-held-by" title={wholeWay(row.held_by)}>
          {t('held by {way}', { way: heldWords(row.held_by) })}
        </span>
      )}
    </>
  );
}
