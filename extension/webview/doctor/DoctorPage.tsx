import { useEffect, useState } from 'preact/hooks';
import type { DoctorFinding, DoctorReport } from '../../shared/doctor';
import type { DoctorWait } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { methodName } from '../words/sources';
import { Finding } from './Finding';
import { Lifecycle } from './Lifecycle';
import { Proxies } from './Proxies';
import { Settings } from './Settings';

/** What is wrong with settings, environment, workspace and cache, and how to mend it. */
export function DoctorPage({ onCache }: { onCache(): void }) {
  const { rpc, run } = usePanel();
  // Raised with each look: somebody else may have asked for it, or a fix was applied.
  const [looks, setLooks] = useState(0);
  const [again, setAgain] = useState(0);
  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === 'doctor') setLooks((n) => n + 1);
      }),
    [rpc],
  );
  const { value, error, loading } = useRequest(`${looks} ${again}`, () =>
    rpc.ask('doctor', { again: again > 0 && looks === 0 }),
  );
  const look = () => {
    setLooks(0);
    setAgain((n) => n + 1);
  };
  if (error !== null && !value) return <Failed message={error} onRetry={look} />;
  return (
    <main class="doctor">
      <div class="doctor-bar">
        <p class="dim">
          {t(
            'The doctor only looks. Nothing is changed before you have seen what, and every fix can be undone.',
          )}
        </p>
        <div class="actions">
          <button type="button" class="button" disabled={loading} onClick={look}>
            {t('Look again')}
          </button>
          <button type="button" class="button secondary" onClick={() => run('undoFix')}>
            {t('Undo the last fix')}
          </button>
        </div>
      </div>
      {!value ? (
        <Loading what={t('Looking at settings, environment, workspace and cache…')} />
      ) : (
        <>
          {value.wait && <About wait={value.wait} reports={value.reports} />}
          {value.reports.map((report, index) => (
            <Folder key={report.folder} report={report} number={index} wait={value.wait} onCache={onCache} />
          ))}
        </>
      )}
    </main>
  );
}

/** Which wait findings are held against. */
function About({ wait, reports }: { wait: DoctorWait; reports: readonly DoctorReport[] }) {
  const method = methodName(wait.method);
  const any = reports.some(({ findings }) => findings.some((found) => explains(found, wait)));
  return (
    <p class="dim">
      {any
        ? t('What may explain why {method} took long comes first.', { method })
        : t('Nothing that was found explains why {method} took long.', { method })}
    </p>
  );
}

const explains = ({ fits }: DoctorFinding, wait: DoctorWait | null): boolean =>
  wait !== null && fits.some((name) => wait.took.includes(name));

interface FolderProps {
  report: DoctorReport;
  number: number;
  wait: DoctorWait | null;
  onCache(): void;
}

function Folder({ report, number, wait, onCache }: FolderProps) {
  const { folder, findings, not_examined } = report;
  return (
    <section aria-label={folder}>
      <h2 class="doctor-folder">
        <code>{folder}</code> <span class="dim">{counted(findings.length)}</span>
      </h2>
      {findings.map((finding, index) => (
        <Finding
          key={`${finding.id} ${JSON.stringify(finding.place)}`}
          found={finding}
          report={number}
          number={index}
          onCache={onCache}
          folder={folder}
          explains={explains(finding, wait)}
        />
      ))}
      <Settings report={report} number={number} />
      <Lifecycle report={report} number={number} />
      <Proxies table={report.proxies} />
      {not_examined.length > 0 && (
        <details class="doctor-not-examined">
          <summary>{t('Could not be examined: {count}', { count: fmt.count(not_examined.length) })}</summary>
          <ul class="plain">
            {not_examined.map(({ what, why }) => (
              <li key={what}>
                {what}: {why}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function counted(count: number): string {
  if (count === 0) return t('nothing found');
  return count === 1 ? t('one finding') : t('{count} findings', { count: fmt.count(count) });
}
