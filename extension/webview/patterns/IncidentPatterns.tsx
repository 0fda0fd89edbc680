import type { Incident, PatternCard, PatternFinding, PatternMeasured, Patterns } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { bestHeap } from '../app/facts';
import { Failed } from '../ui/Feedback';
import { confidenceName, missingText } from './words';

/** Known leak patterns in the heaps of an incident: those found, and what became of the others. */
export function IncidentPatterns({ incident }: { incident: Incident }) {
  const { rpc } = usePanel();
  const heap = bestHeap(incident);
  const key = heap ? `${incident.id} ${heap.number}` : null;
  const answer = useRequest(key, () => rpc.ask('incidentPatterns', { id: incident.id }));
  if (key === null) return null;
  if (answer.error !== null) return <Failed message={answer.error} onRetry={answer.retry} />;
  if (!answer.value) return null;
  const { judgement, cards } = answer.value;
  const cardOf = (rule: string) => cards.find((card) => card.rule === rule);
  return (
    <section class="patterns">
      <h3>{t('Known leak patterns')}</h3>
      {judgement.findings.map((finding) => {
        const card = cardOf(finding.rule);
        return card && <Found key={finding.rule} finding={finding} card={card} />;
      })}
      <Others patterns={answer.value} />
    </section>
  );
}

function Found({ finding, card }: { finding: PatternFinding; card: PatternCard }) {
  return (
    <div class="pattern">
      <p>
        <strong>{card.title}</strong> <span class="dim">{confidenceName(finding.confidence)}</span>
      </p>
      <p>{card.why}</p>
      <p>{card.what_to_do}</p>
      <ul class="plain">
        {finding.measured.map((measured) => (
          <li key={measured.name}>
            {measured.name}: {amount(measured)}
          </li>
        ))}
        {finding.functions.map(({ function: name, cum_bytes }) => (
          <li key={name}>
            {fmt.bytes(cum_bytes)} <code>{name}</code>
          </li>
        ))}
        {card.references.map(({ title, url }) => (
          <li key={url}>
            <a href={url}>{title}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What was looked for and not found, and what cannot be told from this incident, and why. */
function Others({ patterns: { judgement, cards } }: { patterns: Patterns }) {
  const title = (rule: string) => cards.find((card) => card.rule === rule)?.title ?? rule;
  const summary = t('Not found: {clear}. Not to be told from this incident: {open}.', {
    clear: fmt.count(judgement.clear.length),
    open: fmt.count(judgement.not_judged.length),
  });
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

function amount({ value, unit }: PatternMeasured): string {
  switch (unit) {
    case 'bytes':
      return fmt.bytes(value);
    case 'share':
      return fmt.share(value);
    case 'count':
    case 'times':
      return fmt.count(value);
  }
}
