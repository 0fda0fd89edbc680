// The incidents, newest first. Long lists are drawn in windows: a list of thousands costs no more than a screen.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { IncidentSummary } from '../../shared/model';
import { causeName } from '../../shared/causeWords';
import { evidenceWords } from '../../shared/words';
import { clamp, cx, useSize } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { methodName } from '../words/sources';

const ROW_PX = 52;
const OVERSCAN = 4;

interface Props {
  incidents: IncidentSummary[];
  selected: string | null;
  onSelect(id: string): void;
}

export function IncidentList({ incidents, selected, onSelect }: Props) {
  const [box, { height }] = useSize<HTMLDivElement>();
  const [top, setTop] = useState(0);
  const at = incidents.findIndex(({ id }) => id === selected);
  const first = Math.max(0, Math.floor(top / ROW_PX) - OVERSCAN);
  const last = Math.min(incidents.length, Math.ceil((top + height) / ROW_PX) + OVERSCAN);

  const shownFor = useRef<string | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element || at < 0 || height === 0 || shownFor.current === selected) return;
    shownFor.current = selected;
    if (at * ROW_PX < element.scrollTop) element.scrollTop = at * ROW_PX;
    else if ((at + 1) * ROW_PX > element.scrollTop + height) element.scrollTop = (at + 1) * ROW_PX - height;
  });
  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / ROW_PX) - 1);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: incidents.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const incident = incidents[clamp(to, 0, incidents.length - 1)];
    if (incident) onSelect(incident.id);
  };

  return (
    <div
      ref={box}
      class="incidents"
      role="listbox"
      aria-label={t('Incidents, newest first')}
      tabIndex={0}
      aria-activedescendant={at >= 0 ? `incident-${at}` : undefined}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={onKey}
    >
      <div class="incidents-body" style={{ height: `${incidents.length * ROW_PX}px` }}>
        {incidents.slice(first, last).map((incident, offset) => {
          const index = first + offset;
          return (
            <div
              key={incident.id}
              id={`incident-${index}`}
              role="option"
              aria-selected={index === at}
              aria-posinset={index + 1}
              aria-setsize={incidents.length}
              class={cx('incident', index === at && 'selected', incident.problem !== null && 'unreadable')}
              style={{ transform: `translateY(${index * ROW_PX}px)` }}
              title={incident.problem ?? hint(incident)}
              onClick={() => onSelect(incident.id)}
            >
              <Summary incident={incident} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Summary({ incident }: { incident: IncidentSummary }) {
  if (incident.problem !== null) {
    return (
      <>
        <div class="incident-line">
          <span class="incident-method">{t('Cannot be read')}</span>
          <span class="dim">{fmt.when(incident.started_at)}</span>
        </div>
        <div class="incident-line problem">{incident.problem}</div>
      </>
    );
  }
  const growth = incident.rss_peak_bytes - incident.rss_start_bytes;
  return (
    <>
      <div class="incident-line">
        <span class="incident-method">{methodName(incident.method)}</span>
        <span class="incident-duration">{length(incident)}</span>
      </div>
      <div class="incident-line dim">
        <span>{fmt.when(incident.started_at)}</span>
        <span>{fmt.signed(Math.max(0, growth), fmt.bytes)}</span>
        <span class="incident-tags">
          {incident.first_load && <span class="tag">{t('first load')}</span>}
          <span class={cx('tag', (incident.has_heap || incident.on_request !== undefined) && 'good')}>
            {evidenceWords(incident, { t })}
          </span>
        </span>
      </div>
    </>
  );
}

/** When it was, and what made it long. */
function hint({ started_at, main_cause }: IncidentSummary): string {
  const at = fmt.fullDate(started_at);
  return main_cause === undefined ? at : `${at} – ${causeName(main_cause, { t })}`;
}

/** How long somebody waited, for the extension host and for gopls. */
function length({ state, duration_ns, held_up_ns }: IncidentSummary): string {
  if (duration_ns !== null) return fmt.duration(held_up_ns + duration_ns);
  if (state === 'open') return t('going on');
  return state === 'gopls-gone' ? t('gopls ended') : t('end not seen');
}
