import type { LogText } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { level } from './words';

/** What gopls said, and what it means. */
export function Texts({ texts }: { texts: LogText[] }) {
  if (texts.length === 0) return null;
  return (
    <section>
      <h2>{t('What gopls said')}</h2>
      <ul class="log-texts">
        {texts.map((text) => (
          <li key={`${text.level} ${text.text}`} class={`level-${text.level}`}>
            <p>
              <b>{level(text.level)}</b>
              {text.count > 1 && ` · ${t('{count} times', { count: fmt.count(text.count) })}`}{' '}
              <code title={text.text}>{text.text.split('\n')[0]}</code>
            </p>
            {text.meanings.map((meaning) => (
              <p key={meaning.rule}>
                {meaning.means} <span class="dim">{meaning.what_to_do}</span>
              </p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
