import type { PatternCard, PatternFinding, PatternMeasured } from '../../shared/model';
import * as fmt from '../base/format';
import { confidenceName, measuredName } from './words';

/** A pattern that was found: what it is, why, what to do, and what was measured. */
export function Found({ finding, card }: { finding: PatternFinding; card: PatternCard }) {
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
            {measuredName(measured.name)}: {amount(measured)}
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
