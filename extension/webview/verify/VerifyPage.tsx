import { useEffect, useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { Status, VerificationStart, VerificationView } from '../../shared/model';
import type { PanelVerifyStep } from '../../shared/panel';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { Earlier } from './Earlier';
import { Outcome } from './Outcome';
import { StartForm } from './StartForm';
import { Steps } from './Steps';

interface Props {
  status: Status | null;
  /** The verification that is looked at; null: a new one is to be begun. */
  id: string | null;
  onId(id: string | null): void;
  /** What the form is filled with: a change that was suggested elsewhere. */
  suggested: VerificationStart | null;
  /** Shows two heaps side by side. */
  onCompare(heap: ProfileRef, base: ProfileRef): void;
}

/** Verify a fix: the same work before and after it, and what that comes to. */
export function VerifyPage({ status, id, onId, suggested, onCompare }: Props) {
  const { rpc, notify } = usePanel();
  // Raised with each step: what is on disk is then another state.
  const [steps, setSteps] = useState(0);
  const [doing, setDoing] = useState<PanelVerifyStep['step'] | null>(null);
  const list = useRequest(`list ${steps} ${id ?? ''}`, () => rpc.ask('verifications', {}));
  const look = useRequest(id === null ? null : `${id} ${steps}`, () =>
    rpc.ask('verify', { step: { step: 'look', id: id ?? '' } }),
  );
  const [latest, setLatest] = useState<VerificationView | null>(null);
  const view = look.value ?? (latest?.verification.id === id ? latest : null);

  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === 'verifications') setSteps((n) => n + 1);
      }),
    [rpc],
  );

  const take = (step: PanelVerifyStep): void => {
    notify(null);
    setDoing(step.step);
    rpc
      .ask('verify', { step })
      .then((next) => {
        setLatest(next);
        onId(next.verification.id);
      })
      .catch((error: unknown) => notify(error instanceof Error ? error.message : String(error)))
      .finally(() => {
        setDoing(null);
        setSteps((n) => n + 1);
      });
  };

  if (list.error !== null && !list.value) return <Failed message={list.error} onRetry={list.retry} />;
  return (
    <main class="verify">
      <div class="verify-main">
        {id === null ? (
          <StartForm
            key={JSON.stringify(suggested)}
            busy={doing !== null}
            suggested={suggested}
            onStart={(start) => take({ step: 'start', start })}
          />
        ) : look.error !== null && !view ? (
          <Failed message={look.error} onRetry={look.retry} />
        ) : !view ? (
          <Loading what={t('Reading the verification…')} />
        ) : (
          <>
            {view.comparison && <Outcome view={view} comparison={view.comparison} onCompare={onCompare} />}
            <Steps view={view} status={status} doing={doing} onStep={take} />
          </>
        )}
      </div>
      <Earlier all={list.value ?? []} selected={id} onSelect={onId} />
    </main>
  );
}
