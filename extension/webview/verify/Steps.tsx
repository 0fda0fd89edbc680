import type { Run, Side, Status, VerificationView } from '../../shared/model';
import type { PanelVerifyStep } from '../../shared/panel';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Loading } from '../ui/Feedback';
import { methodName } from '../words/sources';
import { Change } from './Change';

interface Props {
  view: VerificationView;
  status: Status | null;
  /** The step that is being done. */
  doing: PanelVerifyStep['step'] | null;
  onStep(step: PanelVerifyStep): void;
}

/** Before, the change, after: what is done, what is next, and the buttons for it. */
export function Steps({ view, status, doing, onStep }: Props) {
  const { run } = usePanel();
  const { verification, recording } = view;
  const { open, before, after } = verification;
  const lost = open !== null && !recording && doing === null;
  const beforeDone = before.length > 0;
  return (
    <ol class="verify-steps">
      <li class={cx(beforeDone && 'done')}>
        <h3>{t('Before the change')}</h3>
        <Runs runs={before} />
        <RunStep {...{ view, status, doing, onStep }} side="before" again={beforeDone} />
      </li>
      <li class={cx(after.length > 0 && 'done', !beforeDone && 'later')}>
        <h3>{t('The change')}</h3>
        {verification.change && <Change change={verification.change} />}
        <p>
          {t(
            'Change what you want to try: a setting, the version of gopls, the workspace. Restart gopls afterwards, so that it holds nothing from before.',
          )}
        </p>
        {beforeDone && open === null && (
          <div class="actions">
            {verification.change && (
              <>
                <button
                  type="button"
                  class={cx('button', after.length > 0 && 'secondary')}
                  title={t('Shows what it changes and asks first')}
                  onClick={() => run('applyChange', { verification: verification.id })}
                >
                  {t('Change my user settings…')}
                </button>
                <button
                  type="button"
                  class="button secondary"
                  onClick={() => run('undoChange', { verification: verification.id })}
                >
                  {t('Undo the change')}
                </button>
              </>
            )}
            <button type="button" class="button secondary" onClick={() => run('openGoplsSettings')}>
              {t('Open the settings of gopls')}
            </button>
            <button type="button" class="button secondary" onClick={() => run('restartGopls')}>
              {t('Restart gopls')}
            </button>
          </div>
        )}
      </li>
      <li class={cx(after.length > 0 && 'done', !beforeDone && 'later')}>
        <h3>{t('After the change')}</h3>
        <Runs runs={after} />
        {beforeDone && <RunStep {...{ view, status, doing, onStep }} side="after" again={after.length > 0} />}
      </li>
      {lost && (
        <li class="verify-lost" role="alert">
          <p>{t('The run was not ended: the window was reloaded, or gopls went away. Begin it again.')}</p>
          <button
            type="button"
            class="button secondary"
            onClick={() => onStep({ step: 'give-up-run', id: verification.id })}
          >
            {t('Dismiss')}
          </button>
        </li>
      )}
    </ol>
  );
}

interface RunStepProps extends Props {
  side: Side;
  /** There is a run on this side already. */
  again: boolean;
}

function RunStep({ view, status, doing, onStep, side, again }: RunStepProps) {
  const { run } = usePanel();
  const { verification, recording } = view;
  const { id, open } = verification;
  const mine = open?.side === side;
  if (doing === 'begin-run' || (doing === 'end-run' && mine)) {
    // Which side it is that begins is known when it has begun; the first without a run is the next one.
    const beginning: Side = verification.before.length === 0 ? 'before' : 'after';
    if (doing === 'begin-run' && beginning !== side && !again) return null;
    return (
      <div class="actions">
        <Loading what={t('Collecting garbage and capturing the heap…')} />
        <button type="button" class="button secondary" onClick={() => run('cancelCapture')}>
          {t('Cancel')}
        </button>
      </div>
    );
  }
  if (mine && recording) {
    const elapsed_ns = status ? (status.origin_unix_ms - open.began_unix_ms) * 1e6 + status.at_ns : null;
    return (
      <>
        <p class="verify-recording" role="status">
          <span class="dot stalled" aria-hidden="true" />
          {t('Recording. Do now what makes it slow or large: edit, save, hover, search. Then come back.')}
          {elapsed_ns !== null && elapsed_ns > 0 && <span class="dim">{fmt.duration(elapsed_ns)}</span>}
        </p>
        <div class="actions">
          <button type="button" class="button" onClick={() => onStep({ step: 'end-run', id })}>
            {t('I am done')}
          </button>
          <button type="button" class="button secondary" onClick={() => onStep({ step: 'give-up-run', id })}>
            {t('Give up this run')}
          </button>
        </div>
      </>
    );
  }
  if (open !== null && recording) return null;
  const why = notReady(status);
  return (
    <div class="actions">
      <button
        type="button"
        class={cx('button', again && 'secondary')}
        disabled={why !== null || doing !== null}
        onClick={() => onStep({ step: 'begin-run', id, side })}
      >
        {again ? t('One more run') : t('Begin the run')}
      </button>
      <span class="dim">
        {why ?? t('Forces a garbage collection in gopls now and at the end of the run.')}
      </span>
    </div>
  );
}

/** Why no run can begin; null when one can. */
function notReady(status: Status | null): string | null {
  if (!status?.watching) return t('Watching is paused.');
  if (!status.gopls) return t('No gopls in this window');
  if (status.gopls.debug.state !== 'on') return t('Needs the debug server of gopls');
  if (status.loading) return t('Wait until the workspace is loaded.');
  return null;
}

function Runs({ runs }: { runs: Run[] }) {
  if (runs.length === 0) return null;
  return (
    <ul class="verify-runs">
      {runs.map((run) => (
        <li key={run.began_unix_ms}>{runWords(run)}</li>
      ))}
    </ul>
  );
}

function runWords({ figures, start, end }: Run): string {
  const { longest } = figures;
  const waits = Object.values(figures.waits).reduce((sum, count) => sum + count, 0);
  const heap = t('live heap {end} ({growth} in the run), at most {rss} RSS', {
    end: fmt.bytes(end.live_bytes),
    growth: fmt.signed(end.live_bytes - start.live_bytes, fmt.bytes),
    rss: fmt.bytes(figures.peak_rss_bytes),
  });
  const time = t('{duration}, gopls waited for {waits} times', {
    duration: fmt.duration(figures.duration_ns),
    waits: String(waits),
  });
  if (!longest) return t('{time}; {heap}', { time, heap });
  return t('{time}, longest {longest} ({method}); {heap}', {
    time,
    longest: fmt.duration(longest.duration_ns),
    method: methodName(longest.method),
    heap,
  });
}
