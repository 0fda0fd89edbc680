import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Judged } from './Judged';

// Only another one of these can change the answer. Null before the first.
interface Props {
  /** When its latest GC cycle was seen. */
  cycle_ns: number | null;
  /** When it last said what is in its workspace. */
  workspace_ns: number | null;
}

/** Known leak patterns in one living gopls; nothing as long as none is found. */
export function LivePatterns({ cycle_ns, workspace_ns }: Props) {
  const { rpc } = usePanel();
  const key = cycle_ns === null && workspace_ns === null ? null : `${cycle_ns} ${workspace_ns}`;
  // Until the next answer is there, the last one stays.
  const { value: patterns } = useRequest(key, () => rpc.ask('patterns', {}));
  if (!patterns || patterns.judgement.findings.length === 0) return null;
  const { clear, not_judged } = patterns.judgement;
  const others = t('Not found: {clear}. Not to be told yet: {open}.', {
    clear: fmt.count(clear.length),
    open: fmt.count(not_judged.length),
  });
  return (
    <div class="patterns-now">
      <Judged patterns={patterns} others={others} />
    </div>
  );
}
