import { t } from '../base/l10n';
import { changeWord, SIGNS, type Growth } from './growth';

const SAMPLES: [Growth['change'], number][] = [
  ['gone', 3],
  ['shrunk', 2],
  ['unchanged', 0],
  ['grown', 2],
  ['new', 3],
];

/** What the colours of a difference mean. */
export function GrowthLegend() {
  return (
    <p class="flame-legend dim">
      {SAMPLES.map(([change, strength]) => (
        <span key={change} class={`frame named growth sample ${change} by-${strength}`}>
          {SIGNS[change]} {changeWord(change)}
        </span>
      ))}
      <span>{t('A frame is as wide as it is in both captures together.')}</span>
    </p>
  );
}
