import type { Patterns } from '../../shared/model';
import { t } from '../base/l10n';
import { Found } from './Found';
import { missingText } from './words';

interface Props {
  patterns: Patterns;
  /** In a line: how many were not found, and how many cannot be told. */
  others: string;
}

/** Known leak patterns: those found, and what became of the others. */
export function Judged({ patterns, others }: Props) {
  const { judgement, cards } = patterns;
  const cardOf = (rule: string) => cards.find((card) => card.rule === rule);
  return (
    <section class="patterns">
      <h3>{t('Known leak patterns')}</h3>
      {judgement.findings.map((finding) => {
        const card = cardOf(finding.rule);
        return card && <Found key={finding.rule} finding={finding} card={card} />;
      })}
      <Others patterns={patterns} summary={others} />
    </section>
  );
}

/** What was looked for and not found, and what cannot be told, and why. */
function Others({ patterns: { judgement, cards }, summary }: { patterns: Patterns; summary: string }) {
  const title = (rule: string) => cards.find((card) => card.rule === rule)?.title ?? rule;
  return (
    <details>
      <summary>{summary}</summary>
      <ul class="plain">
        {judgement.clear.map((rule) => (
          <li key={rule}>{t('{pattern}: not found', { pattern: title(rule) })}</li>
        ))}
        {judgement.not_judged.map(({ rule, missing }) => (
          <li key={rule}>
            {t('{pattern}: needs {missing}', {
              pattern: title(rule),
              missing: missing.map(missingText).join(', '),
            })}
          </li>
        ))}
      </ul>
    </details>
  );
}
