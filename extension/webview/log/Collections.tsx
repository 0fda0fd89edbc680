import type { LogGc } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { length } from './words';

/** Garbage collections, where the log has the lines of `gctrace`. */
export function Collections({ gc }: { gc: LogGc }) {
  const last = gc.latest.at(-1);
  return (
    <section>
      <h2>{t('Garbage collections')}</h2>
      <p>
        {t('{cycles} cycles, {forced} of them forced; pauses {pauses} in all, {longest} the longest.', {
          cycles: fmt.count(gc.cycles),
          forced: fmt.count(gc.forced),
          pauses: length(gc.pauses_ms),
          longest: length(gc.longest_pause_ms),
        })}
      </p>
      {last && (
        <p>
          {t(
            'After the last one {live} were alive, the goal was {goal}; {share} of CPU time since the start went into collections.',
            {
              live: fmt.bytes(last.live_bytes),
              goal: fmt.bytes(last.goal_bytes),
              share: fmt.share(last.cpu_percent / 100, 0),
            },
          )}
        </p>
      )}
    </section>
  );
}
