import { useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { HeapSummary, OpenedHeap } from '../../shared/heap';
import type { LiveHeapView } from '../../shared/panel';
import type { Status } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { subsystemDetail, subsystemName } from '../words/subsystems';
import { advise, SNAPSHOT } from './advice';
import { useHeap } from './ask';
import { Bar } from './Bar';
import { Compare } from './Compare';
import { HoldTree, type TreeStart } from './HoldTree';
import { PackageTable } from './PackageTable';
import { TypeDetail, type ChosenType } from './TypeDetail';
import { TypeTable } from './TypeTable';
import { adviceWords, checkWords, objectsWords, registersWords } from './words';

interface Props {
  heap: OpenedHeap;
  /** What can be done with one that is open; null for what was kept of one. */
  view: LiveHeapView | null;
  /** Which heap that is, and what can be done with it. */
  about: ComponentChildren;
  onDoctor(): void;
}

const TREE = 'retain-tree';

/** A heap that is open: what it comes to first, then what to do, then where to look. */
export function OpenHeap({ heap, view, about, onDoctor }: Props) {
  const { ask } = useHeap();
  const [chosen, setChosen] = useState<ChosenType | null>(null);
  const [start, setStart] = useState<TreeStart>({ kind: 'all' });
  const summary = useRequest('summary', () => ask({ ask: 'summary' }));
  const snapshots = useRequest('snapshots', () =>
    ask({
      ask: 'types',
      search: SNAPSHOT,
      sort: 'retained',
      reversed: false,
      offset: 0,
      limit: 50,
    }),
  );
  if (summary.error !== null) return <Failed message={summary.error} onRetry={summary.retry} />;
  if (!summary.value) return <Loading what={t('Looking through the heap…')} />;
  const { bytes_marked } = summary.value;
  const snapshot = snapshots.value?.rows.find(({ type }) => type === SNAPSHOT) ?? null;
  const below = (where: TreeStart) => {
    setStart(where);
    document.getElementById(TREE)?.scrollIntoView({ block: 'start' });
  };
  return (
    <main class="retain-page">
      <Head heap={heap} summary={summary.value} about={about} />
      <section aria-label={t('What to do')}>
        <h2>{t('What to do')}</h2>
        <ul class="retain-advice">
          {advise(summary.value, snapshot).map((advice) => {
            const { title, text } = adviceWords(advice);
            return (
              <li key={advice.kind} class={cx(advice.kind === 'snapshots' && 'warn')}>
                <b>{title}.</b> {text}{' '}
                {advice.kind === 'packages' && (
                  <button type="button" class="link" onClick={onDoctor}>
                    {t('Ask the doctor')}
                  </button>
                )}
                {advice.kind === 'snapshots' && snapshot && (
                  <button type="button" class="link" onClick={() => setChosen(snapshot)}>
                    {t('Who holds them')}
                  </button>
                )}
              </li>
            );
          })}
        </ul>
        {view && <Compare view={view} />}
      </section>
      <div class="retain-columns">
        <Parts summary={summary.value} />
        <PackageTable />
      </div>
      <section id={TREE}>
        <HoldTree
          key={JSON.stringify(start)}
          start={start}
          total={bytes_marked}
          onAll={() => setStart({ kind: 'all' })}
          onType={setChosen}
        />
      </section>
      <section>
        <h2>{t('Types')}</h2>
        <div class={cx('retain-types', chosen && 'split')}>
          <TypeTable total={bytes_marked} onChoose={setChosen} />
          {chosen && (
            <TypeDetail
              key={chosen.id}
              type={chosen}
              total={bytes_marked}
              onClose={() => setChosen(null)}
              onBelow={below}
            />
          )}
        </div>
      </section>
    </main>
  );
}

interface HeadProps {
  heap: OpenedHeap;
  summary: HeapSummary;
  about: ComponentChildren;
}

function Head({ heap, summary, about }: HeadProps) {
  const { reliable } = summary.check;
  return (
    <section class="retain-head" aria-label={t('Result')}>
      <p class="retain-result">
        {t('{size} in {count} objects are alive; gopls stood still for {pause}.', {
          size: fmt.bytes(summary.bytes_marked),
          count: fmt.count(summary.objects_marked),
          pause: fmt.duration(heap.facts.pause_ns),
        })}
        {heap.facts.slept && (
          <span class="dim"> {t('It was copied before that, while it did nothing.')}</span>
        )}
      </p>
      <p class={cx(reliable ? 'dim' : 'retain-unreliable')} role={reliable ? undefined : 'alert'}>
        {checkWords(summary.check)}
      </p>
      {heap.facts.registers_unread > 0 && <p class="dim">{registersWords(heap.facts.registers_unread)}</p>}
      <div class="actions">{about}</div>
    </section>
  );
}

/** Which gopls it is of, and what can be done with a heap that is open. */
export function AboutLive({ heap, status }: { heap: OpenedHeap; status: Status | null }) {
  const { run } = usePanel();
  return (
    <>
      <span class="dim retain-state">
        {t('gopls {pid}, as of {time}.', {
          pid: String(heap.pid),
          time: fmt.clock(heap.taken_unix_ms),
        })}{' '}
        {status?.gopls?.pid === heap.pid ? t('It still runs.') : t('It is not watched any more.')}
      </span>
      <button type="button" class="button secondary" onClick={() => run('whoHolds')}>
        {t('Read again…')}
      </button>
      <button
        type="button"
        class="button secondary"
        title={t('A page that stands for itself, for somebody without this editor')}
        onClick={() => run('exportHeapPage')}
      >
        {t('Export page…')}
      </button>
      <button type="button" class="button secondary" onClick={() => run('exportHeapJson')}>
        {t('Export JSON…')}
      </button>
      <button
        type="button"
        class="button secondary"
        title={t('For go tool pprof: bytes by the chain that holds them')}
        onClick={() => run('exportHeapProfile')}
      >
        {t('Export profile…')}
      </button>
      <button
        type="button"
        class="button secondary"
        title={t('Gives back the memory that the copy takes')}
        onClick={() => run('closeHeap')}
      >
        {t('Close')}
      </button>
    </>
  );
}

function Parts({ summary: { parts, bytes_marked } }: { summary: HeapSummary }) {
  return (
    <section aria-label={t('By part of gopls')}>
      <h2>{t('By part of gopls')}</h2>
      <table class="retain-parts" aria-label={t('By part of gopls')}>
        <tbody>
          {parts.map(({ part, count, bytes }) => (
            <tr key={part} title={subsystemDetail(part)}>
              <th scope="row">
                <span class={`swatch subsystem subsystem-${part}`} aria-hidden="true" /> {subsystemName(part)}
              </th>
              <td>
                <Bar bytes={bytes} of={bytes_marked} />
              </td>
              <td class="numeric dim">{objectsWords(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="dim view-note">
        {t('By who holds it now, not by who allocated it: what a heap profile cannot say.')}
      </p>
    </section>
  );
}
