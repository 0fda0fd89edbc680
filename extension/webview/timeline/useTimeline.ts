import { useEffect, useRef, useState } from 'preact/hooks';
import type { Timeline, TimelineQuery } from '../../shared/model';
import { usePanel } from '../base/context';

const MOST_POINTS = 4000;

interface Answer {
  incident: string | null;
  timeline: Timeline;
}

/**
 * The time line for a query, asked again whenever the query or `version` changes. At most one request is under way;
 * what changed meanwhile is asked for afterwards, so a slow answer never piles up others behind it. The last answer
 * stays on screen until the next one is there.
 */
export function useTimeline(query: TimelineQuery | null, version: number) {
  const { rpc } = usePanel();
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<string | null>(null);
  const wanted = useRef<TimelineQuery | null>(null);
  const busy = useRef(false);
  const alive = useRef(true);
  useEffect(() => {
    // Set here as well: effects may run again after a clean-up.
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);

  const next = () => {
    const asked = wanted.current;
    if (!asked || busy.current) return;
    wanted.current = null;
    busy.current = true;
    rpc
      .ask('timeline', { query: asked })
      .then(
        (timeline) => {
          if (!alive.current) return;
          setAnswer({ incident: asked.incident, timeline });
          setError(null);
        },
        (failure: unknown) =>
          alive.current && setError(failure instanceof Error ? failure.message : String(failure)),
      )
      .finally(() => {
        busy.current = false;
        if (alive.current) next();
      });
  };

  const ask = () => {
    if (!query) return;
    wanted.current = { ...query, points: Math.min(MOST_POINTS, Math.max(50, Math.round(query.points))) };
    next();
  };
  useEffect(ask, [query?.incident, query?.from_ns, query?.to_ns, query?.points, query === null, version]);

  // An answer about another incident is none.
  const fitting = answer && query && answer.incident === query.incident ? answer.timeline : null;
  return { timeline: fitting, error, retry: ask };
}
