import { useState } from 'preact/hooks';
import type { Goal, VerificationStart } from '../../shared/model';
import { t } from '../base/l10n';
import { goalName } from '../words/verify';
import { Change } from './Change';

const GOALS: Goal[] = ['waits', 'memory', 'growth', 'peak'];

function goalMeaning(goal: Goal): string {
  switch (goal) {
    case 'waits':
      return t('Judged by the longest wait of a run.');
    case 'memory':
      return t('Judged by what gopls still holds at the end of a run, after a garbage collection.');
    case 'growth':
      return t(
        'Judged by how much more it holds at the end of a run than at its beginning, both after a garbage collection.',
      );
    case 'peak':
      return t('Judged by the most memory (RSS) it took in a run.');
  }
}

interface Props {
  busy: boolean;
  /** What it is filled with. */
  suggested: VerificationStart | null;
  onStart(start: VerificationStart): void;
}

/** What is to be verified, and what that will take. */
export function StartForm({ busy, suggested, onStart }: Props) {
  const [goal, setGoal] = useState<Goal>(suggested?.goal ?? 'memory');
  const [title, setTitle] = useState(suggested?.title ?? '');
  const change = suggested?.change;
  return (
    <form
      class="verify-start"
      onSubmit={(event) => {
        event.preventDefault();
        onStart({ title: title.trim(), goal, ...(change && { change }) });
      }}
    >
      <h2>{t('Verify a fix')}</h2>
      <p>
        {t(
          'You do the same work before and after a change: a setting, an update, a restart. Stallscope records both and says whether it got better, with the figures.',
        )}
      </p>
      {change && (
        <>
          <p>{t('The change that was suggested, in your user settings:')}</p>
          <Change change={change} />
          <p class="dim">
            {t(
              'Nothing is changed yet: that is the second step, after a run without it, and it can be undone there.',
            )}
          </p>
        </>
      )}
      <fieldset>
        <legend>{t('What is wrong?')}</legend>
        {GOALS.map((key) => (
          <label key={key} class="verify-goal">
            <input
              type="radio"
              name="goal"
              value={key}
              checked={goal === key}
              onChange={() => setGoal(key)}
            />
            <span>
              {goalName(key)}
              <span class="dim">{goalMeaning(key)}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <label class="verify-title">
        <span>{t('What do you want to change? (for your own notes)')}</span>
        <input
          type="text"
          maxLength={200}
          value={title}
          placeholder={t('e.g. staticcheck off')}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <p class="dim">
        {t(
          'Each run begins and ends with a heap after a garbage collection, which Stallscope asks gopls for. That keeps gopls busy for a moment: a request sent just then waits for it.',
        )}
      </p>
      <button type="submit" class="button" disabled={busy}>
        {t('Begin')}
      </button>
    </form>
  );
}
