// Decisions and notes in VS Code's language; the sentences are shared with the panel.
import { l10n } from 'vscode';
import type { Decision, Note } from '../../shared/model';
import { decisionWords, noteNamed, noteWords, type Language } from '../../shared/words';
import { valueByName } from './wording';

const language: Language = { t: (text, args) => l10n.t(text, args ?? {}), valueByName };

export const decisionText = (decision: Decision): string => decisionWords(decision, language);
/** For a message. Undefined for what has no words of its own: that only goes to the log. */
export const noteText = (note: Note): string | undefined => noteWords(note, language);
export const noteForLog = (note: Note): string => noteNamed(note, language);
