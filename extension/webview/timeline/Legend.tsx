import { t } from '../base/l10n';

export function Legend() {
  const entries: [string, string][] = [
    ['rss', t('Memory (RSS)')],
    ['waited', t('Request somebody waits for')],
    ['background', t('Request of the editor')],
    ['stall', t('Stall')],
    ['heap', t('Capture, from trigger to last byte')],
  ];
  return (
    <ul class="legend" aria-label={t('Legend')}>
      {entries.map(([key, label]) => (
        <li key={key}>
          <span class={`swatch ${key}`} aria-hidden="true" />
          {label}
        </li>
      ))}
    </ul>
  );
}
