import type { FlameNode, FlameTree } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { ballastDetail } from '../heap/words';
import { subsystemDetail, subsystemName } from '../words/subsystems';
import { frameName } from './frameName';

/** The frame under the pointer or the keyboard, in full: always at the same place, so nothing is covered. */
export function FlameDetail({ node, tree }: { node: FlameNode; tree: FlameTree }) {
  const { openSource } = usePanel();
  const ofAll = fmt.share(node.value / (tree.total || 1));
  return (
    <div class="flame-detail" aria-live="polite">
      <div class="flame-name" title={node.function}>
        {node.function || frameName(node)}
      </div>
      <div>
        <b>{fmt.amount(node.value, tree.unit)}</b> · {t('{share} of the profile', { share: ofAll })}
        {node.kind === 'frame' && (
          <> · {t('{amount} by itself', { amount: fmt.amount(node.own, tree.unit) })}</>
        )}
        {node.kind === 'other' && <> · {t('too small to draw one by one; click to zoom in')}</>}
        {node.kind === 'frame' && node.subsystem !== undefined && <> · {subsystemName(node.subsystem)}</>}
        {node.kind === 'subsystem' && <> · {subsystemDetail(node.subsystem ?? '')}</>}
        {node.label === 'ballast' && <> · {ballastDetail()}</>}
        {node.file && (
          <>
            {' · '}
            <button type="button" class="link" onClick={() => openSource(node.file, node.line)}>
              {t('Open source')}
            </button>
          </>
        )}
      </div>
    </div>
  );
}
