// Decisions and notes in the panel's language; the sentences are shared with the extension's own log.
import type { Decision, Note } from '../../shared/model';
import { decisionWords, noteNamed, noteWords } from '../../shared/words';
import { t } from '../base/l10n';
import { valueByName } from './values';

const language = { t, valueByName };

export const decisionText = (decision: Decision): string => decisionWords(decision, language);
export const noteText = (note: Note): string => noteWords(note, language) ?? noteNamed(note, language);
