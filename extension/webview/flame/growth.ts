// How much a frame grew from the base to the profile, in steps that can be told apart by eye.
import type { DiffChange, FlameNode } from '../../shared/model';
import { t } from '../base/l10n';

/** Smaller changes than this share of the larger side are shown as none. */
const UNCHANGED = 0.01;
/** From these shares on a frame is coloured more strongly. */
const STEPS = [0.1, 0.5];

export interface Growth {
  change: DiffChange | 'unchanged';
  /** 1 to 3, 0 for no change. */
  strength: number;
}

export function growthOf({ value, base_value }: Pick<FlameNode, 'value' | 'base_value'>): Growth {
  const larger = Math.max(value, base_value);
  const share = larger > 0 ? Math.abs(value - base_value) / larger : 0;
  if (share < UNCHANGED) return { change: 'unchanged', strength: 0 };
  if (base_value === 0) return { change: 'new', strength: 3 };
  if (value === 0) return { change: 'gone', strength: 3 };
  const strength = 1 + STEPS.filter((step) => share >= step).length;
  return { change: value > base_value ? 'grown' : 'shrunk', strength };
}

/** A sign for each, so that nobody has to tell colours apart. */
export const SIGNS: Record<Growth['change'], string> = {
  new: '✦',
  gone: '✕',
  grown: '▲',
  shrunk: '▼',
  unchanged: '=',
};

export function changeWord(change: Growth['change']): string {
  switch (change) {
    case 'new':
      return t('new');
    case 'gone':
      return t('gone');
    case 'grown':
      return t('grown');
    case 'shrunk':
      return t('shrunk');
    case 'unchanged':
      return t('unchanged');
  }
}
