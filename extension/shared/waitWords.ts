// What a wait was made of, in words: the panel, the status bar and the texts of a report say the same.
import type { CurrentPhase, Phase, PhaseSlice, PhaseSource, QueuedBehind } from './model';
import { requestWords, type Language } from './words';

type Texts = Pick<Language, 't'>;

/** A name for a heading. */
export function phaseName(phase: Phase, { t }: Texts): string {
  switch (phase) {
    case 'dispatch':
      return t('On its way to gopls');
    case 'queued':
      return t('Queued');
    case 'awaiting-load':
      return t('Workspace load');
    case 'go-command':
      return t('go command');
    case 'metadata':
      return t('Package graph');
    case 'parsing':
      return t('Parsing');
    case 'importing':
      return t('Importing');
    case 'type-checking':
      return t('Type checking');
    case 'analysis':
      return t('Analysis');
    case 'lock':
      return t('Lock');
    case 'io':
      return t('Reading files');
    case 'gc':
      return t('Garbage collection');
    case 'editor':
      return t('The editor');
    case 'other':
      return t('Other work of gopls');
    case 'unknown':
      return t('Unknown');
  }
}

/** What that means, in a sentence. */
export function phaseMeaning(phase: Phase, { t }: Texts): string {
  switch (phase) {
    case 'dispatch':
      return t('The extension host had it, and gopls had not read it.');
    case 'queued':
      return t('gopls had not begun with it: an earlier message went first.');
    case 'awaiting-load':
      return t('gopls answers nothing about a workspace before it has loaded it.');
    case 'go-command':
      return t('gopls waited for the go command to list packages: modules, network and disk decide.');
    case 'metadata':
      return t('Reading what go list said, and working out which package imports which.');
    case 'parsing':
      return t('Go files become syntax trees.');
    case 'importing':
      return t("Types of imported packages come from gopls's cache on disk.");
    case 'type-checking':
      return t('Packages are type checked, after it was found out which of them must be.');
    case 'analysis':
      return t('The analysers behind diagnostics and quick fixes.');
    case 'lock':
      return t('Another part of gopls held what this one needed.');
    case 'io':
      return t('Files were read from disk.');
    case 'gc':
      return t('Who allocates while a collection runs has to help with it.');
    case 'editor':
      return t('gopls had asked the editor something and got no answer yet.');
    case 'other':
      return t('It worked, on none of the above.');
    case 'unknown':
      return t('Nothing tells: nobody looked at that moment, or what was seen is in no rule.');
  }
}

/** What a request waits for at this moment, as a part of a line. */
export function currentPhase({ phase, behind, front, command }: CurrentPhase, language: Language): string {
  const { t } = language;
  if (behind === null || phase !== 'queued') {
    return phase === 'go-command' && command !== null
      ? t('waits for {command}', { command })
      : phaseName(phase, language);
  }
  const method = requestWords(behind, language);
  if (front === null) return t('queued behind {method}', { method });
  return front === 'go-command' && command !== null
    ? t('queued behind {method}, which waits for {command}', { method, command })
    : t('queued behind {method}, which is at: {phase}', { method, phase: phaseName(front, language) });
}

/** A part of a wait, with what the message in front was at while it was queued. */
export function sliceName({ phase, front }: PhaseSlice, { t }: Texts): string {
  if (front === undefined) return phaseName(phase, { t });
  return t('{phase}, in front: {front}', { phase: phaseName(phase, { t }), front: phaseName(front, { t }) });
}

/** A message in front, and what it was at, in a sentence. */
export function stoodBehind({ method, duration_ns, phases }: QueuedBehind, language: Language): string {
  const { t, valueByName } = language;
  const told = {
    duration: valueByName('duration_ns', duration_ns),
    method: requestWords(method, language),
  };
  // Incidents of earlier versions do not tell.
  if (!phases || phases.length === 0) return t('For {duration} it stood behind {method}.', told);
  const parts = phases.map(
    ({ phase, share }) => `${phaseName(phase, language)} ${valueByName('of_share', share)}`,
  );
  return t('For {duration} it stood behind {method}, which was at: {phases}.', {
    ...told,
    phases: parts.join(' · '),
  });
}

/** How the phases are known. */
export function phaseSource(source: PhaseSource, samples: number, { t }: Texts): string {
  switch (source) {
    case 'spans':
      return t("By gopls's own spans: exact.");
    case 'sampling':
      return t(
        'By looking at its goroutines {count} times during the wait: what went on in between is not known.',
        { count: String(samples) },
      );
  }
}
