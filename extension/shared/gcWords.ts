// What is known of garbage collection and what is advised, in words; and which setting a suggested change is.
import type {
  GcCpu,
  GcFacts,
  GcInterval,
  GcSettings,
  GcSuggestion,
  GcSuggestionKind,
  GcTerm,
  GcView,
  Note,
  SuggestedChange,
} from './model';
import type { Language } from './words';

/** A user setting that is an object, the name in it that changes, and the value that has to have. */
export interface ChangedKey {
  setting: 'gopls' | 'go.toolsEnvVars';
  name: 'memoryLimit' | 'GOMEMLIMIT' | 'GOGC' | 'GOMAXPROCS';
  value: number | string;
}

const MIB = 2 ** 20;

/** Where a change is made. Variables of the environment are texts. */
export function changedKey({ setting, value }: SuggestedChange): ChangedKey {
  switch (setting) {
    case 'memory-limit':
      return { setting: 'gopls', name: 'memoryLimit', value };
    case 'go-mem-limit':
      return {
        setting: 'go.toolsEnvVars',
        name: 'GOMEMLIMIT',
        value: value % MIB === 0 ? `${value / MIB}MiB` : String(value),
      };
    case 'gogc':
      return { setting: 'go.toolsEnvVars', name: 'GOGC', value: String(value) };
    case 'go-max-procs':
      return { setting: 'go.toolsEnvVars', name: 'GOMAXPROCS', value: String(value) };
  }
}

/** The lines of a settings.json, e.g. `"go.toolsEnvVars": { "GOGC": "200" }`. */
export function changeSnippet(change: SuggestedChange): string {
  const { setting, name, value } = changedKey(change);
  return `"${setting}": { "${name}": ${JSON.stringify(value)} }`;
}

export function suggestionWords(kind: GcSuggestionKind, { t }: Language): string {
  switch (kind) {
    case 'raise-limit':
      return t('Raise the memory limit');
    case 'restore-gogc':
      return t('Give GOGC its usual value again');
    case 'higher-gogc':
      return t('Collect half as often');
    case 'set-limit':
      return t('Set a memory limit');
    case 'limit-procs':
      return t('Tell Go how many CPUs it has');
  }
}

export function suggestionMeaning(kind: GcSuggestionKind, { t }: Language): string {
  switch (kind) {
    case 'raise-limit':
      return t(
        'The limit in force is below twice of what gopls needs, so Go collects again and again to stay near it.',
      );
    case 'restore-gogc':
      return t('GOGC is lower than the usual 100, so Go collects more often than it would by itself.');
    case 'higher-gogc':
      return t(
        'Collections take much of the CPU time, and there is memory to spare: with twice the GOGC about half as many are needed.',
      );
    case 'set-limit':
      return t(
        'gopls at its peak takes most of the memory it may have. A limit makes Go collect earlier when it comes near, and leaves the rest as it is.',
      );
    case 'limit-procs':
      return t(
        'The container gives gopls fewer CPUs than the machine has, which this version of Go does not see: it uses up its time and is stopped.',
      );
  }
}

export function suggestionRisk(kind: GcSuggestionKind, { t }: Language): string {
  switch (kind) {
    case 'raise-limit':
    case 'restore-gogc':
    case 'higher-gogc':
      return t('Risk: gopls takes more memory. If that is not there, the machine swaps, or gopls is killed.');
    case 'set-limit':
      return t(
        'Risk: when the workspace grows, the same limit makes gopls collect without end. The authors of gopls advise against fixed limits; look again after larger changes.',
      );
    case 'limit-procs':
      return t('Risk: when the container gets more CPUs later, gopls does not use them.');
  }
}

/** What a change is expected to do; empty where the measurements allow no estimate. */
export function effectWords(
  { effect, kind }: GcSuggestion,
  { measured }: GcView,
  { t, valueByName }: Language,
): string[] {
  const words: string[] = [];
  if (effect.gc_share !== null && measured.cpu) {
    words.push(
      t('Expected: collections take {then} of the CPU time instead of {now} (an estimate).', {
        then: valueByName('gc_share', effect.gc_share),
        now: valueByName('gc_share', measured.cpu.share),
      }),
    );
  }
  if (effect.peak_rss_bytes !== null) {
    const values = {
      then: valueByName('peak_bytes', effect.peak_rss_bytes),
      now: valueByName('peak_bytes', measured.peak_rss_bytes),
    };
    words.push(
      kind === 'set-limit'
        ? t(
            'Expected: the memory (RSS) stays about {then}; the most so far was {now}. The limit is soft.',
            values,
          )
        : t('Expected: at most about {then} of memory (RSS); the most so far was {now}.', values),
    );
  }
  return words;
}

export function termWords(term: GcTerm, { t }: Language): string {
  switch (term) {
    case 'live-most':
      return t('Largest live heap after a GC');
    case 'ballast':
      return t('Ballast, which gopls reserves on purpose');
    case 'floor-times':
      return t('Twice that: as often as with GOGC=100');
    case 'beside-heap':
      return t('Stacks, tables of the runtime, room between objects');
    case 'floor':
      return t('No limit should be lower');
    case 'reserve':
      return t('Reserve, should more be live tomorrow');
    case 'limit-now':
      return t('The limit in force');
    case 'doubled':
      return t('Twice that: how much is live is not known yet');
    case 'limit':
      return t('Limit, in steps of 64 MiB');
    case 'more-gogc':
      return t('Change of GOGC, as a factor');
    case 'more-heap':
      return t('So much more heap');
    case 'peak-rss':
      return t('Most memory (RSS) so far');
    case 'peak-rss-then':
      return t('Most memory (RSS) then');
    case 'cpu-limit':
      return t('CPUs that the container may use');
    case 'procs':
      return t('As a whole number');
  }
}

/** Whether a value of the arithmetic is a plain number; the others are bytes. */
export const isPlainTerm = (term: GcTerm): boolean =>
  ['floor-times', 'reserve', 'doubled', 'more-gogc', 'cpu-limit', 'procs'].includes(term);

/** Why something is not advised. */
export function gcNoteWords({ code, values }: Note, { t, valueByName }: Language): string {
  const args = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, valueByName(name, value)]),
  );
  switch (code) {
    case 'gc-loading':
      return t('The workspace is being loaded: what gopls will need is not known yet.');
    case 'gc-share-unknown':
      return t(
        'How much of the CPU time goes into collections is not known: {samples} samples were recorded, {needed} are needed. Stallscope records while somebody waits for more than a second; Capture… records a CPU profile at any time.',
        args,
      );
    case 'gc-share-low':
      return t(
        'Nothing about GOGC: collections took {gc_share} (± {error_share}) of the CPU time that was recorded. Below {least_share} a change would hardly be felt.',
        args,
      );
    case 'gc-settings-unknown':
      return t('What gopls was started with cannot be read here, so no setting is advised.');
    case 'gc-limit-in-force':
      return t('Nothing about GOGC: the memory limit in force decides when Go collects.');
    case 'gogc-is-high':
      return t('Nothing about GOGC: it is high already, or collections are switched off.');
    case 'gc-no-room-for-gogc':
      return t(
        'No higher GOGC: with {gogc} gopls might take {peak_rss_bytes}, and more than {room_bytes} would be too much here.',
        args,
      );
    case 'gc-memory-unknown':
      return t('How much memory gopls may use is not known here, so nothing that takes more is advised.');
    case 'gc-memory-enough':
      return t('No memory limit: gopls took {peak_rss_bytes} at most, and may use {memory_bytes}.', args);
    case 'gc-live-heap-growing':
      return t('No memory limit: the live heap grows, so any limit would be reached. Find the leak first.');
    case 'gc-too-few-cycles':
      return t('No limit: live heaps seen so far: {cycles}; needed: {needed}.', args);
    case 'gc-no-room-for-limit':
      return t(
        'No limit fits: it should not be below {floor_bytes}, and that is too much for {memory_bytes}. Open a smaller part of the workspace, or give it more memory.',
        args,
      );
    case 'gc-limit-would-not-help':
      return t(
        'No limit: one that is safe ({floor_bytes}) is no lower than what gopls takes anyway ({peak_rss_bytes}).',
        args,
      );
    case 'gc-limit-above-floor':
      return t(
        'The memory limit in force ({limit_bytes}) leaves room: it should not be below {floor_bytes}.',
        args,
      );
    case 'gc-limit-below-floor':
      return t(
        'The memory limit in force ({limit_bytes}) is lower than advised ({floor_bytes}). So far it costs little; it may when more is live.',
        args,
      );
    case 'gc-go-knows-cpu-limit':
      return t(
        'Nothing about GOMAXPROCS: this gopls was built with a Go that sees the limit of {cpu_limit} CPUs itself.',
        args,
      );
    case 'gc-never-throttled':
      return t(
        'Nothing about GOMAXPROCS: gopls was never held back for the limit of {cpu_limit} CPUs.',
        args,
      );
    default:
      return code;
  }
}

/** The settings in force, as they would be written. */
export function settingsWords(settings: GcSettings | null, { t, valueByName }: Language): string {
  if (!settings) return t('What gopls was started with cannot be read here.');
  const limit = settings.memory_limit_bytes;
  return t('In force by its environment: GOGC={gogc}, GOMEMLIMIT={limit}, GOMAXPROCS={procs}.', {
    gogc: settings.gogc_percent === null ? 'off' : String(settings.gogc_percent),
    limit: limit === null ? t('none') : valueByName('limit_bytes', limit),
    procs: settings.max_procs === null ? t("Go's choice") : String(settings.max_procs),
  });
}

/** The share of CPU time, with what it rests on. */
export function cpuWords(cpu: GcCpu, recordings: number, { t, valueByName }: Language): string {
  const figures = {
    share: valueByName('gc_share', cpu.share),
    error: valueByName('error_share', cpu.error_share),
    cpu: valueByName('cpu_ns', cpu.cpu_ns),
  };
  if (recordings === 1)
    return t(
      'Collections took {share} (± {error}) of the CPU time of gopls that was recorded: {cpu} in one recording.',
      figures,
    );
  return t(
    'Collections took {share} (± {error}) of the CPU time of gopls that was recorded: {cpu} in {recordings} recordings.',
    { ...figures, recordings: String(recordings) },
  );
}

/** What it consists of. */
export function cpuPartsWords(cpu: GcCpu, { t, valueByName }: Language): string {
  const part = (ns: number) => valueByName('part_share', cpu.cpu_ns > 0 ? ns / cpu.cpu_ns : 0);
  return t(
    'Marking in the background {background}, help by whoever allocates {assist}, sweeping {sweep}, the rest {other}; beside it {idle} on CPUs that nothing else of gopls wanted.',
    {
      background: part(cpu.background_ns),
      assist: part(cpu.assist_ns),
      sweep: part(cpu.sweep_ns),
      other: part(cpu.other_ns),
      idle: part(cpu.idle_ns),
    },
  );
}

/** What marking in the background may have cost a wait. */
export function besideWords({ beside }: GcFacts, { t, valueByName }: Language): string | undefined {
  if (!beside || beside.at_most_ns <= 0) return undefined;
  return t(
    'gopls had no CPU to spare, and marking in the background took {share} of its CPU time: without it the wait might have been up to {at_most} shorter. That is possible, not known; what gopls did for the request does not show it.',
    {
      share: valueByName('gc_share', beside.share),
      at_most: valueByName('at_most_ns', beside.at_most_ns),
    },
  );
}

/** What was allocated and collected between two readings. */
export function intervalWords(
  { allocated_bytes, freed_bytes }: GcInterval,
  { t, valueByName }: Language,
): string {
  return t('gopls allocated {allocated}, and {freed} of garbage was collected.', {
    allocated: valueByName('allocated_bytes', allocated_bytes),
    freed: valueByName('freed_bytes', freed_bytes),
  });
}
