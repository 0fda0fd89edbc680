import { useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { shortName } from '../heap/names';
import { useFilter } from '../heap/useTableQuery';
import { Failed } from '../ui/Feedback';

const OFFERED = 15;

interface Props {
  profile: ProfileRef;
  sampleType: string;
  onChoose(function_: string): void;
}

/** Asks for a function: the largest ones, or those that a text finds. */
export function FunctionPicker({ profile, sampleType, onChoose }: Props) {
  const { rpc } = usePanel();
  const [typed, setTyped] = useState('');
  const filter = useFilter(typed);
  const answer = useRequest(JSON.stringify([profile, sampleType, filter]), () =>
    rpc.ask('heapTable', {
      ref: profile,
      query: {
        sort: 'cum',
        descending: true,
        sample_type: sampleType,
        filter,
        subsystem: null,
        with_subsystems: false,
        offset: 0,
        limit: OFFERED,
      },
    }),
  );
  const page = answer.value;
  return (
    <div class="function-picker">
      <h3>{t('Callers and callees of which function?')}</h3>
      <p class="dim">
        {t('In any flame graph the key S, or the link below it, brings the function in question here.')}
      </p>
      <input
        class="input"
        type="search"
        spellcheck={false}
        placeholder={t('Find a function')}
        aria-label={t('Find a function')}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {answer.error !== null && <Failed message={answer.error} onRetry={answer.retry} />}
      {page?.rows.length === 0 && <p>{t('No function matches “{filter}”.', { filter })}</p>}
      <ul>
        {page?.rows.map((row) => (
          <li key={row.function}>
            <span class="picker-amount">{fmt.amount(row.cum, page.unit)}</span>{' '}
            <button type="button" class="link" title={row.function} onClick={() => onChoose(row.function)}>
              {shortName(row.function)}
            </button>{' '}
            <span class="package">{row.package}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
