// The words of a verification in the panel's language.
import type { Caution, Comparison, Goal, Measure, Told } from '../../shared/model';
import * as words from '../../shared/verifyWords';
import { t } from '../base/l10n';
import { valueByName } from './values';

const language = { t, valueByName };

export const goalName = (goal: Goal): string => words.goalWords(goal, language);
export const measureName = (measure: Measure): string => words.measureWords(measure, language);
export const told = (of: Told): string => words.toldWords(of, language);
export const measured = (measure: Measure, value: number): string => words.measured(measure, value, language);
export const fixSentence = (comparison: Comparison): string => words.fixWords(comparison, language);
export const howSure = (comparison: Comparison): string => words.chanceWords(comparison, language);
export const caution = (of: Caution): string => words.cautionWords(of, language);
