// What a wait was made of, in words: the panel, the status bar and the texts of a report say the same.
import type { CurrentPhase, Phase, PhaseSource } from './model';
import { requestWords, type Language } from './words';

type Texts = Pick<Language, 't'>;
type Words = Pick<Language, 't' | 'valueByName'>;

/** A name for a heading. */
export function phaseName(phase: Phase, { t }: Texts): string {
  switch (phase) {
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
export function currentPhase({ phase, behind }: CurrentPhase, { t, valueByName }: Words): string {
  if (behind !== null && phase === 'queued')
    return t('queued behind {method}', { method: requestWords(behind, { t, valueByName }) });
  return phaseName(phase, { t });
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
