import type { ComponentChildren } from 'preact';
import type {
  DoctorReport,
  GoplsLogLife,
  GoplsLogStep,
  GoplsNextStart,
  GoplsServer,
} from '../../shared/doctor';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { clock, length } from '../log/words';
import { foundBy, roleName, stepName } from './words';

/** Which gopls runs, how it was started, and what its log tells of its starts and ends. */
export function Lifecycle({ report, number }: { report: DoctorReport; number: number }) {
  const { servers, next_start: next, log } = report.lifecycle;
  const isRunning = servers.some((server) => isFoundAs(server, next));
  return (
    <details class="doctor-part">
      <summary>
        <span class="doctor-part-title">{t('How gopls runs')}</span>{' '}
        <span class="dim">{inShort(servers, log)}</span>
      </summary>
      {servers.map((server) => (
        <Server key={server.pid} server={server} next={next} />
      ))}
      {next && !isRunning && (
        <p>
          {t('The Go extension would now start {exe}, found by {rule}.', {
            exe: next.exe,
            rule: foundBy(next.by),
          })}
        </p>
      )}
      {log && <Log log={log} report={number} />}
    </details>
  );
}

function inShort(servers: readonly GoplsServer[], log: GoplsLogLife | null): string {
  const ours = servers.find(({ role }) => role === 'ours' || role === 'daemon');
  const parts = [
    ours
      ? t('{version}, pid {pid}, for {age}', {
          version: ours.version ?? t('unknown version'),
          pid: String(ours.pid),
          age: age(ours),
        })
      : t('none serves this window'),
  ];
  if (log && log.crashes > 0) parts.push(crashes(log));
  return parts.join(' · ');
}

/** Known to whole seconds. */
const age = ({ uptime_s }: GoplsServer): string =>
  uptime_s < 60 ? t('{count} s', { count: fmt.count(uptime_s) }) : fmt.duration(uptime_s * 1e9);

/** Whether it is what the rule finds, and not somebody else's. */
const isFoundAs = ({ role, exe }: GoplsServer, next: GoplsNextStart | null): boolean =>
  role !== 'other' && exe === next?.exe;

function Server({ server, next }: { server: GoplsServer; next: GoplsNextStart | null }) {
  const { pid, parent_pid, role, editor, exe, version, go_version, flags, variables, rss_bytes } = server;
  const environment = Object.entries(variables);
  return (
    <section
      class={cx('gopls-server', role === 'other' && 'other')}
      aria-label={t('process {pid}', { pid: String(pid) })}
    >
      <h3>
        gopls {version ?? t('of a work tree')} <span class="tag">{roleName(role, editor)}</span>
      </h3>
      <dl class="facts">
        <Fact label={t('Executable')}>
          <code>{exe}</code>
          {server.replaced_by !== null && (
            <span class="warn">
              {' '}
              {t('there is something else by now: {what}', { what: server.replaced_by })}
            </span>
          )}
        </Fact>
        {next && isFoundAs(server, next) && <Fact label={t('Found by')}>{foundBy(next.by)}</Fact>}
        {go_version !== null && <Fact label={t('Built by')}>{go_version}</Fact>}
        <Fact label={t('Process')}>
          {t('{pid}, started by {parent}, for {age}, {rss} of memory', {
            pid: String(pid),
            parent: String(parent_pid),
            age: age(server),
            rss: fmt.bytes(rss_bytes),
          })}
        </Fact>
        <Fact label={t('Flags')}>{flags.length > 0 ? <code>{flags.join(' ')}</code> : <None />}</Fact>
        <Fact label={t('Environment')}>
          {environment.length === 0 ? (
            <None />
          ) : (
            <ul class="plain">
              {environment.map(([name, value]) => (
                <li key={name}>
                  <code>
                    {name}={value}
                  </code>
                </li>
              ))}
            </ul>
          )}
        </Fact>
      </dl>
    </section>
  );
}

const None = () => <span class="dim">{t('none for Go')}</span>;

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Log({ log, report }: { log: GoplsLogLife; report: number }) {
  const { run } = usePanel();
  const { path, starts, steps, last_words } = log;
  return (
    <section class="gopls-log" aria-label={t('What its log tells')}>
      <h3>{t('What its log tells')}</h3>
      <dl class="facts">
        <Fact label={t('Log')}>
          <button
            type="button"
            class="link place"
            title={t('Reads it on the page “gopls log”')}
            onClick={() => run('openServerLog', { report })}
          >
            {path}
          </button>
        </Fact>
        {starts > 0 && <Fact label={t('Starts')}>{fmt.count(starts)}</Fact>}
        <Fact label={t('Crashes')}>{crashes(log)}</Fact>
      </dl>
      {last_words.length > 0 && (
        <pre class="finding-evidence">
          <code>{last_words.join('\n')}</code>
        </pre>
      )}
      {steps.length > 0 && <Steps steps={steps} />}
    </section>
  );
}

function crashes({ crashes: count, given_up }: GoplsLogLife): string {
  if (count === 0 && !given_up) return t('none is told of');
  const times = count === 1 ? t('one crash') : t('{count} crashes', { count: fmt.count(count) });
  return given_up ? t('{times}; the editor does not start it again', { times }) : times;
}

/** How a start went, step by step. */
function Steps({ steps }: { steps: readonly GoplsLogStep[] }) {
  const longest = Math.max(1, ...steps.map(({ took_ms }) => took_ms ?? 0));
  return (
    <div class="table-frame">
      <table class="table gopls-steps" aria-label={t('Steps of its starts')}>
        <thead>
          <tr>
            <th class="numeric">{t('Began')}</th>
            <th>{t('Step')}</th>
            <th class="numeric">{t('Took')}</th>
            <th>{t('Of what')}</th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ name, began_ms, took_ms, detail }, index) => (
            <tr key={index}>
              <td class="numeric dim">{clock(began_ms)}</td>
              <td>{stepName(name)}</td>
              <td class="numeric step-length">
                {took_ms !== null && (
                  <span
                    class="share-bar"
                    aria-hidden="true"
                    style={{ width: `${(100 * took_ms) / longest}%` }}
                  />
                )}
                <span class="amount">{took_ms === null ? t('goes on') : length(took_ms)}</span>
              </td>
              <td class="doctor-value dim">{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
