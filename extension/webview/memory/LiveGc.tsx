import { useRef, useState } from 'preact/hooks';
import type { GcStep, GcSuggestion, GcView, Status, VerificationStart } from '../../shared/model';
import { confidenceWord } from '../../shared/causeWords';
import * as words from '../../shared/gcWords';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Change } from '../verify/Change';
import { valueByName } from '../words/values';

const language = { t, valueByName };
/** Asked as often as the core reads while somebody looks. */
const EVERY_NS = 5e9;

interface Props {
  status: Status | null;
  visible: boolean;
  /** Begins a verification of this change. */
  onTry(start: VerificationStart): void;
}

/** What garbage collection costs gopls, and what is advised about it, one click below the sentence. */
export function LiveGc({ status, visible, onTry }: Props) {
  const { rpc } = usePanel();
  const [open, setOpen] = useState(false);
  const gopls = status?.watching ? status.gopls : null;
  const readable = visible && gopls?.debug.state === 'on';
  const key = readable ? `${gopls.pid} ${Math.floor((status?.at_ns ?? 0) / EVERY_NS)}` : null;
  const answer = useRequest(key, () => rpc.ask('gc', {}));
  // Until the next answer is there, the last one stays; while gopls restarts, it may be of the one before.
  const last = useRef<GcView | null>(null);
  if (answer.value) last.current = answer.value;
  const view = last.current;
  if (!gopls || view?.measured.pid !== gopls.pid) return null;
  const { measured, suggestions, notes } = view;
  return (
    <details class="memory-now gc-now" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary(view)}</summary>
      {suggestions.map((suggestion) => (
        <Suggestion key={suggestion.kind} suggestion={suggestion} view={view} onTry={onTry} />
      ))}
      {notes.length > 0 && (
        <ul class="gc-notes" aria-label={t('What is not advised')}>
          {notes.map((note) => (
            <li key={note.code}>{words.gcNoteWords(note, language)}</li>
          ))}
        </ul>
      )}
      {measured.cpu && <p class="dim">{words.cpuPartsWords(measured.cpu, language)}</p>}
      <p class="dim">{basis(view)}</p>
    </details>
  );
}

function summary({ measured: { cpu, recordings }, thrashing, suggestions }: GcView): string {
  const share = cpu
    ? words.cpuWords(cpu, recordings, language)
    : t('What collections cost is not known yet: no CPU time was recorded.');
  const advice =
    suggestions.length > 0
      ? t('Something to try: {names}.', {
          names: suggestions.map(({ kind }) => words.suggestionWords(kind, language)).join(', '),
        })
      : t('No advice.');
  const begin = t('Garbage collection: {share}', { share });
  return thrashing
    ? sentences(begin, t('That much is due to its settings.'), advice)
    : sentences(begin, advice);
}

function liveHeap({ cycles, live_median_bytes, live_most_bytes }: GcView['measured']): string {
  if (live_median_bytes === null || live_most_bytes === null)
    return t('No live heap was seen since the workspace was loaded.');
  const most = fmt.bytes(live_most_bytes);
  if (cycles === 1) return t('Live heap after the one GC cycle seen: {most}, without ballast.', { most });
  return t('Live heap over {cycles} GC cycles: {median} in the middle, {most} at most, without ballast.', {
    cycles: fmt.count(cycles),
    median: fmt.bytes(live_median_bytes),
    most,
  });
}

/** What the advice rests on. */
function basis({ measured, limit_bytes, limit_by_setting, machine }: GcView): string {
  const live = liveHeap(measured);
  const limit =
    limit_by_setting && limit_bytes !== null
      ? [t('The setting memoryLimit is {limit}.', { limit: fmt.bytes(limit_bytes) })]
      : [];
  const may =
    machine.cpus === null || machine.memory_bytes === null
      ? []
      : [
          t('gopls may use {cpus} CPUs and {memory}.', {
            cpus: fmt.plain(Math.min(machine.cpus, machine.cpu_limit ?? machine.cpus)),
            memory: fmt.bytes(machine.memory_bytes),
          }),
        ];
  return sentences(live, words.settingsWords(measured.settings, language), ...limit, ...may);
}

interface SuggestionProps {
  suggestion: GcSuggestion;
  view: GcView;
  onTry(start: VerificationStart): void;
}

function Suggestion({ suggestion, view, onTry }: SuggestionProps) {
  const { kind, change, steps, confidence } = suggestion;
  const name = words.suggestionWords(kind, language);
  const snippet = words.changeSnippet(change);
  return (
    <article class="gc-suggestion" aria-label={name}>
      <div class="cause-head">
        <strong>{name}</strong>
        <span class="tag">{confidenceWord(confidence, language)}</span>
      </div>
      <p>{words.suggestionMeaning(kind, language)}</p>
      <Change change={change} />
      <table class="gc-steps" aria-label={t('Where the value comes from')}>
        <tbody>
          {steps.map((step, index) => (
            <Step key={index} step={step} />
          ))}
        </tbody>
      </table>
      {words.effectWords(suggestion, view, language).map((effect) => (
        <p key={effect}>{effect}</p>
      ))}
      <p class="dim">{words.suggestionRisk(kind, language)}</p>
      <div class="actions">
        <button
          type="button"
          class="button secondary"
          title={t('Changes nothing yet: measures before and after it')}
          onClick={() => onTry({ title: snippet, goal: kind === 'set-limit' ? 'peak' : 'waits', change })}
        >
          {t('Try it…')}
        </button>
      </div>
    </article>
  );
}

const SIGNS = { start: '', plus: '+', times: '×', equals: '=', 'rounded-up': '≈' } as const;

function Step({ step: { operator, term, value } }: { step: GcStep }) {
  const result = operator === 'equals' || operator === 'rounded-up';
  return (
    <tr class={result ? 'result' : undefined}>
      <td aria-hidden="true">{SIGNS[operator]}</td>
      <td class="numeric">{words.isPlainTerm(term) ? fmt.plain(value) : fmt.bytes(value)}</td>
      <th scope="row">{words.termWords(term, language)}</th>
    </tr>
  );
}
