// The words of a wait in the panel's language.
import type { CurrentPhase, Phase, PhaseSlice, PhaseSource, QueuedBehind } from '../../shared/model';
import * as words from '../../shared/waitWords';
import { t } from '../base/l10n';
import { valueByName } from '../words/values';

export const phaseName = (phase: Phase): string => words.phaseName(phase, { t });
export const phaseMeaning = (phase: Phase): string => words.phaseMeaning(phase, { t });
export const currentPhase = (phase: CurrentPhase): string => words.currentPhase(phase, { t, valueByName });
export const phaseSource = (source: PhaseSource, samples: number): string =>
  words.phaseSource(source, samples, { t });
export const sliceName = (slice: PhaseSlice): string => words.sliceName(slice, { t });
export const stoodBehind = (queued: QueuedBehind): string => words.stoodBehind(queued, { t, valueByName });
