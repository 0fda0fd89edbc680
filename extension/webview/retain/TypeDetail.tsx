import { useState } from 'preact/hooks';
import type { HeapInstance } from '../../shared/heap';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { useHeap } from './ask';
import type { TreeStart } from './HoldTree';
import { shortType } from './names';
import { heldWords, objectsWords, wholeWay } from './words';

/** What is known of a type that somebody looks at. */
export interface ChosenType {
  id: number;
  type: string;
  count: number;
  retained_bytes: number;
  words?: string;
}

interface Props {
  type: ChosenType;
  total: number;
  onClose(): void;
  /** Shows what hangs below. */
  onBelow(start: TreeStart): void;
}

const FIRST_INSTANCES = 10;
const MOST_INSTANCES = 200;
const FIRST_WAYS = 8;

/** A type: what it is, the chains that hold its objects, and the objects themselves. */
export function TypeDetail({ type, onClose, onBelow }: Props) {
  const { live } = useHeap();
  const { id, type: name, count, retained_bytes, words } = type;
  return (
    <section class="retain-detail" aria-label={shortType(name)}>
      <button type="button" class="icon-button retain-close" aria-label={t('Close')} onClick={onClose}>
        ×
      </button>
      <h3>{shortType(name)}</h3>
      <p class="dim retain-full">{name}</p>
      {words !== undefined && <p>{words}.</p>}
      <p>
        {t('{objects}, {size} retained.', { objects: objectsWords(count), size: fmt.bytes(retained_bytes) })}{' '}
        {live && (
          <button type="button" class="link" onClick={() => onBelow({ kind: 'type', id, name })}>
            {t('What they hold')}
          </button>
        )}
      </p>
      <Ways id={id} />
      <Instances id={id} name={name} onBelow={onBelow} />
    </section>
  );
}

function Ways({ id }: { id: number }) {
  const { ask } = useHeap();
  const [all, setAll] = useState(false);
  const { value, error, retry } = useRequest(String(id), () => ask({ ask: 'paths', id }));
  return (
    <>
      <h4>{t('Held by')}</h4>
      {error !== null && <Failed message={error} onRetry={retry} />}
      {!value && error === null && <Loading what={t('Looking for the chains…')} />}
      {value && (
        <ul class="retain-ways">
          {value.slice(0, all ? value.length : FIRST_WAYS).map((held) => (
            <li key={JSON.stringify([held.root, held.first, held.path])}>
              <code title={wholeWay(held)}>{heldWords(held)}</code>
              <span class="dim">
                {objectsWords(held.objects)}, {fmt.bytes(held.retained_bytes)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {value && value.length > FIRST_WAYS && (
        <button type="button" class="link" onClick={() => setAll(!all)}>
          {all ? t('Show fewer') : t('Show all {count}', { count: fmt.count(value.length) })}
        </button>
      )}
    </>
  );
}

interface InstancesProps {
  id: number;
  name: string;
  onBelow: Props['onBelow'];
}

function Instances({ id, name, onBelow }: InstancesProps) {
  const { ask, live } = useHeap();
  const [limit, setLimit] = useState(FIRST_INSTANCES);
  const [open, setOpen] = useState<number | null>(null);
  const { value, error, retry } = useRequest(`${id} ${limit}`, () =>
    ask({ ask: 'instances', id, offset: 0, limit }),
  );
  const label = (one: HeapInstance, index: number) =>
    one.label === undefined ? t('Object {number}', { number: fmt.count(index + 1) }) : `#${one.label}`;
  return (
    <>
      <h4>{t('Objects, the largest first')}</h4>
      {error !== null && <Failed message={error} onRetry={retry} />}
      {!value && error === null && <Loading what={t('Looking for the objects…')} />}
      <ul class="retain-instances">
        {value?.rows.map((one, index) => (
          <li key={one.object}>
            <button
              type="button"
              class="link"
              aria-expanded={open === one.object}
              onClick={() => setOpen(open === one.object ? null : one.object)}
            >
              {label(one, index)}
            </button>{' '}
            {fmt.bytes(one.retained_bytes)}{' '}
            {live && (
              <button
                type="button"
                class="link"
                onClick={() =>
                  onBelow({
                    kind: 'object',
                    object: one.object,
                    name: `${shortType(name)} ${label(one, index)}`,
                  })
                }
              >
                {t('What it holds')}
              </button>
            )}
            {open === one.object && <Chain object={one.object} />}
          </li>
        ))}
      </ul>
      {value && value.total > value.rows.length && limit < MOST_INSTANCES && (
        <button type="button" class="link" onClick={() => setLimit(MOST_INSTANCES)}>
          {t('Show more')}
        </button>
      )}
    </>
  );
}

/** The way from a root to one object, step by step. */
function Chain({ object }: { object: number }) {
  const { ask } = useHeap();
  const { value, error, retry } = useRequest(String(object), () => ask({ ask: 'chain', object }));
  if (error !== null) return <Failed message={error} onRetry={retry} />;
  if (!value) return <Loading what={t('Looking for the chain…')} />;
  return (
    <ol class="retain-chain" aria-label={t('The chain that holds it')}>
      {value.map((step, index) => (
        <li key={index} title={step.type}>
          <code>{step.object === null ? step.text : step.text || '→'}</code>
          <span class="dim">
            {shortType(step.type)}
            {step.object !== null && ` · ${fmt.bytes(step.retained_bytes)}`}
          </span>
        </li>
      ))}
    </ol>
  );
}
