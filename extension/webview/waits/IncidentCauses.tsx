import type { Cause, Incident } from '../../shared/model';
import * as words from '../../shared/causeWords';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { valueByName } from '../words/values';

/** Why the wait of an incident took so long: the largest cause first, with what it rests on and what can be done. */
export function IncidentCauses({ causes }: { causes: Incident['causes'] }) {
  if (causes.length === 0) return null;
  return (
    <ol class="causes" aria-label={t('Why it took so long')}>
      {causes.map((cause) => (
        <CauseItem key={cause.kind} cause={cause} />
      ))}
    </ol>
  );
}

function CauseItem({ cause }: { cause: Cause }) {
  const language = { t, valueByName };
  const evidence = words.causeEvidence(cause, language);
  const remedy = words.causeRemedy(cause.kind, language);
  return (
    <li>
      <div class="cause-head">
        <strong>{words.causeName(cause.kind, language)}</strong>
        <span class={cx('numeric', cause.slow && 'slow')}>{fmt.duration(cause.duration_ns)}</span>
        <span class="numeric dim">{fmt.share(cause.share)}</span>
        {cause.kind !== 'unknown' && (
          <span class="tag">{words.confidenceWord(cause.confidence, language)}</span>
        )}
      </div>
      <div>{words.causeMeaning(cause, language)}</div>
      {evidence.length > 0 && (
        <div class="dim">{evidence.map(([name, value]) => `${name} ${value}`).join(' · ')}</div>
      )}
      {remedy !== undefined && <div class="dim">{remedy}</div>}
    </li>
  );
}
