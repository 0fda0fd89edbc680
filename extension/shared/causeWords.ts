// Why a wait took so long, in words: the panel, the status bar and the texts of a report say the same.
import type { Cause, CauseConfidence, CauseKind, Phase, Value } from './model';
import { phaseName } from './waitWords';
import { requestWords, type Language } from './words';

type Texts = Pick<Language, 't'>;
type Words = Pick<Language, 't' | 'valueByName'>;

/** A name for a heading. */
export function causeName(kind: CauseKind, { t }: Texts): string {
  switch (kind) {
    case 'workspace-load':
      return t('Workspace load');
    case 'go-command':
      return t('go command');
    case 'type-checking':
      return t('Type checking');
    case 'parsing':
      return t('Parsing');
    case 'analysis':
      return t('Analysis');
    case 'queue':
      return t('Behind another request');
    case 'gc':
      return t('Garbage collection');
    case 'lock':
      return t('Lock');
    case 'editor':
      return t('The editor');
    case 'extension-host':
      return t('Extension host busy');
    case 'stopped':
      return t('gopls was stopped');
    case 'cpu-starved':
      return t('Others had the CPU');
    case 'cpu-throttled':
      return t('CPU limit');
    case 'memory-pressure':
      return t('Memory was short');
    case 'disk':
      return t('Disk');
    case 'oom-killed':
      return t('Killed for memory');
    case 'other-work':
      return t('Other work of gopls');
    case 'unknown':
      return t('Unknown');
  }
}

/** What happened, in a sentence. */
export function causeMeaning({ kind, evidence }: Cause, { t, valueByName }: Words): string {
  const command = text(evidence['command']);
  const behind = text(evidence['behind']);
  switch (kind) {
    case 'workspace-load':
      return t('gopls was loading the workspace: before that it answers nothing about it.');
    case 'go-command':
      if (command === undefined) return t('gopls waited for a go command.');
      return evidence['command_waited'] === undefined
        ? t('gopls waited for {command}.', { command })
        : t(
            'gopls waited for {command}, which hardly used the CPU: it waited itself, for the network, a disk or a lock.',
            { command },
          );
    case 'type-checking':
      return t('gopls checked the types of packages that the answer needs.');
    case 'parsing':
      return t('gopls turned Go files into syntax trees.');
    case 'analysis':
      return t('The analysers behind diagnostics and quick fixes ran.');
    case 'queue':
      return queueMeaning(behind, evidence, { t, valueByName });
    case 'gc':
      return t('Who allocates while a collection runs has to help with it.');
    case 'lock':
      return t('Another part of gopls held what this one needed.');
    case 'editor':
      return t('gopls had asked the editor something and got no answer yet.');
    case 'extension-host':
      return t(
        'The extension host was busy: another extension, or ours, kept its only JavaScript thread from the answer. gopls could not be asked, or its answer was not taken.',
      );
    case 'stopped':
      return t('A signal or a debugger had stopped the process: it could do nothing.');
    case 'cpu-starved':
      return t('gopls wanted to run, but other programs had the CPU. Its own work only looked slow.');
    case 'cpu-throttled':
      return t('The container or cgroup allows gopls only so much CPU, and held it back.');
    case 'memory-pressure':
      return t('gopls waited for memory that had to be read back from disk.');
    case 'disk':
      return t('gopls waited for files.');
    case 'oom-killed':
      return t('gopls ended while the system was killing programs because memory had run out.');
    case 'other-work':
      return t('It worked, on none of the above.');
    case 'unknown':
      return t('Nothing tells: nobody looked at that moment, or what was seen is in no rule.');
  }
}

/** What went first, and what that waited for. */
function queueMeaning(
  behind: string | undefined,
  evidence: Cause['evidence'],
  { t, valueByName }: Words,
): string {
  if (behind === undefined) return t('gopls had not begun with it: an earlier message went first.');
  const method = requestWords(behind, { t, valueByName });
  const [phase, command] = [text(evidence['behind_phase']), text(evidence['behind_command'])];
  if (command !== undefined)
    return t('gopls had not begun with it: {method} went first, which waited for {command}.', {
      method,
      command,
    });
  if (phase !== undefined) {
    // A name of a later version stays as it is.
    const name: string | undefined = phaseName(phase as Phase, { t });
    return t('gopls had not begun with it: {method} went first, which was at: {phase}.', {
      method,
      phase: name || phase,
    });
  }
  return t('gopls had not begun with it: {method} went first.', { method });
}

/** What can be done; undefined where there is nothing to advise. */
export function causeRemedy(kind: CauseKind, { t }: Texts): string | undefined {
  switch (kind) {
    case 'workspace-load':
      return t('Open a smaller folder, or leave folders out by the setting build.directoryFilters.');
    case 'go-command':
      return t(
        'Run the command in a terminal to see what it waits for; check GOPROXY, GOFLAGS and what stands before go on the PATH.',
      );
    case 'type-checking':
    case 'parsing':
      return t('Very large or generated files in a package of their own are checked only when needed.');
    case 'analysis':
      return t('Fewer analyses, or staticcheck off, make this less.');
    case 'queue':
      return t('Look at the request in front: that is the slow one.');
    case 'gc':
      return t(
        'The section Garbage collection, and the one of the same name on the live page, say what helps.',
      );
    case 'editor':
      return t('Another extension may keep the editor busy: try with the others disabled.');
    case 'extension-host':
      return t('Developer: Show Running Extensions tells which extension uses the time.');
    case 'stopped':
      return t('Whoever stopped it can let it go on: a debugger, or kill -CONT.');
    case 'cpu-starved':
      return t('See which programs use the CPU: builds and tests at lower priority leave it to gopls.');
    case 'cpu-throttled':
      return t('Allow the container more CPUs.');
    case 'memory-pressure':
      return t('Close other programs, or give this machine or container more memory.');
    case 'oom-killed':
      return t('Give this machine or container more memory, or open a smaller part of the workspace.');
    case 'disk':
      return t('Virus scanners and network drives are frequent reasons.');
    case 'lock':
    case 'other-work':
    case 'unknown':
      return undefined;
  }
}

/** How sure it is. */
export function confidenceWord(confidence: CauseConfidence, { t }: Texts): string {
  switch (confidence) {
    case 'known':
      return t('known');
    case 'likely':
      return t('likely');
    case 'possible':
      return t('possible');
  }
}

/** The cause that explains most of the wait, if one does and that is not a mere possibility. */
export function mainCause(causes: Cause[]): Cause | undefined {
  return causes.find(
    ({ share, kind, confidence }) => share >= 0.5 && kind !== 'unknown' && confidence !== 'possible',
  );
}

/** Its evidence that is not said in the sentence already, as names and values. */
export function causeEvidence(
  { evidence }: Cause,
  { t, valueByName }: Words,
): [name: string, value: string][] {
  const names: Record<string, string> = {
    on_cpu_ns: t('on a CPU, all threads together'),
    run_delay_ns: t('waiting for one'),
    cpus: t('CPUs'),
    load_average: t('load average'),
    longest_lag_ns: t('longest lag'),
    lag_before_ns: t('before it was asked'),
    stopped_ns: t('stopped'),
    throttled_ns: t('held back'),
    cpu_limit: t('CPUs allowed'),
    major_faults: t('page faults from disk'),
    memory_pressure_ns: t('some program waited for memory'),
    io_pressure_ns: t('some program waited for a disk'),
    swap_bytes: t('swapped out'),
    memory_max_bytes: t('memory allowed'),
    command_ns: t('command ran'),
    command_cpu_ns: t('command on a CPU'),
    behind_ns: t('stood behind it'),
    behind_phase_ns: t('of that in this phase'),
    gc_cpu_share: t('GC, of the CPU time'),
    gc_assist_share: t('help with it'),
    allocated_bytes: t('allocated'),
    freed_bytes: t('garbage collected'),
    gc_cycles_least: t('cycles, at least'),
  };
  return Object.entries(names).flatMap(([name, words]): [string, string][] => {
    const value = evidence[name];
    return value === undefined ? [] : [[words, valueByName(name, value)]];
  });
}

const text = (value: Value | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;
