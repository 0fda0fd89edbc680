import type { Decision } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';
import { decisionText } from '../words/decisions';

const MOST_SHOWN = 500;

/** The decision log: which rule fired or why it did not, with the values it saw. */
export function Decisions({ decisions, zero_ns }: { decisions: Decision[]; zero_ns: number }) {
  if (decisions.length === 0) return <Empty title={t('No rule was evaluated during this incident.')} />;
  return (
    <ol class="decisions" aria-label={t('Decision log')}>
      {decisions.slice(-MOST_SHOWN).map((decision, index) => (
        <li key={index} class={decision.fired ? 'fired' : 'held'}>
          <span class="decision-time">{fmt.signed(decision.at_ns - zero_ns, fmt.duration)}</span>
          <span class="decision-sign" aria-hidden="true">
            {decision.fired ? '●' : '○'}
          </span>
          <span class="decision-text">
            {decisionText(decision)}
            <span class="decision-rule">
              {decision.fired
                ? t('{rule} fired', { rule: decision.rule })
                : t('{rule} did not fire', { rule: decision.rule })}
            </span>
          </span>
        </li>
      ))}
    </ol>
  );
}
