import type { DoctorFinding, DoctorFix } from '../../shared/doctor';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import { t } from '../base/l10n';
import { PlaceLink } from './PlaceLink';
import { areaName, confidenceName, severityName } from './words';

interface Props {
  found: DoctorFinding;
  /** Its place in the answer, by which a fix is asked for. */
  report: number;
  number: number;
  /** The folder that was examined. */
  folder: string;
  /** Of the wait that it was looked for. */
  explains: boolean;
  /** Where the cache can be looked at and cleaned. */
  onCache(): void;
}

/** A finding: what, where, why it matters, by what it was seen, how to mend it and how to undo that. */
export function Finding({ found, report, number, folder, explains, onCache }: Props) {
  const { run } = usePanel();
  const { severity, confidence, area, title, why, evidence, fixes, undo, references } = found;
  const folders = [...new Set(fixes.map((fix) => fix.folder).filter((folder) => folder !== null))];
  return (
    <article class={cx('finding', severity)} aria-label={title}>
      <div class="finding-head">
        <span class={cx('tag', 'finding-severity')}>{severityName(severity)}</span>
        <h3>{title}</h3>
        {explains && <span class="tag good">{t('may explain the wait')}</span>}
        <span class="dim">{[areaName(area), confidenceName(confidence)].filter(Boolean).join(' · ')}</span>
      </div>
      <p class="finding-where">
        {found.place.kind === 'setting' && <code>{found.place.key}</code>}{' '}
        <PlaceLink
          place={found.place}
          folder={folder}
          onOpen={() => run('openFinding', { fix: { report, finding: number, fix: '' } })}
        />
      </p>
      <p>{why}</p>
      {evidence.length > 0 && (
        <pre class="finding-evidence">
          <code>{evidence.join('\n')}</code>
        </pre>
      )}
      <div class="actions">
        {area === 'cache' && (
          <button type="button" class="button" onClick={onCache}>
            {t("Show gopls's cache")}
          </button>
        )}
        {fixes.map((fix, index) => (
          <Fix key={fix.id} fix={fix} report={report} number={number} secondary={index > 0} />
        ))}
      </div>
      {folders.map((folder) => (
        <p key={folder} class="dim">
          {t('To be run in {folder}', { folder })}
        </p>
      ))}
      {undo !== null && fixes.length > 0 && <p class="dim">{undo}</p>}
      {references.length > 0 && (
        <ul class="plain">
          {references.map((page) => (
            <li key={page.url}>
              <a href={page.url}>{page.title}</a>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

function Fix({
  fix,
  report,
  number,
  secondary,
}: {
  fix: DoctorFix;
  report: number;
  number: number;
  secondary: boolean;
}) {
  const { run } = usePanel();
  const copies = fix.edits.length === 0;
  const target = { fix: { report, finding: number, fix: fix.id } };
  return (
    <button
      type="button"
      class={cx('button', (secondary || copies) && 'secondary')}
      title={
        copies
          ? t('Copies the command: {command}', { command: fix.command.join(' ') })
          : t('Shows what it changes and asks first')
      }
      onClick={() => run(copies ? 'copyFix' : 'applyFix', target)}
    >
      {copies ? t('Copy: {fix}', { fix: fix.title }) : fix.title}
    </button>
  );
}
