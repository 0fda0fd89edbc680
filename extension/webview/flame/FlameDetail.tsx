import type { FlameDirection, FlameNode, FlameTree } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { ballastDetail } from '../heap/words';
import { subsystemDetail, subsystemName } from '../words/subsystems';
import { changeWord, growthOf, SIGNS } from './growth';
import { changeOf, frameName } from './words';

interface Props {
  node: FlameNode;
  tree: FlameTree;
  direction: FlameDirection;
  /** Not there where there is no sandwich to show. */
  onSandwich?: ((function_: string) => void) | undefined;
}

/** The frame under the pointer or the keyboard, in full: always at the same place, so nothing is covered. */
export function FlameDetail({ node, tree, direction, onSandwich }: Props) {
  const { openSource, offline } = usePanel();
  return (
    <div class="flame-detail" aria-live="polite">
      <div class="flame-name" title={node.function}>
        {node.function || frameName(node)}
      </div>
      <div>
        {tree.base_total === null ? <Amount node={node} tree={tree} /> : <Change node={node} tree={tree} />}
        {node.kind === 'frame' && <> · {ownText(node, tree, direction)}</>}
        {node.kind === 'other' && (
          <> · {t('too small to draw one by one; click to zoom in on the frame they lie on')}</>
        )}
        {node.kind === 'other' && node.matched > 0 && tree.base_total === null && (
          <>
            {' · '}
            {t('{amount} of it in matching frames', { amount: fmt.amount(node.matched, tree.unit) })}
          </>
        )}
        {node.kind === 'frame' && node.subsystem !== undefined && <> · {subsystemName(node.subsystem)}</>}
        {node.kind === 'subsystem' && <> · {subsystemDetail(node.subsystem ?? '')}</>}
        {node.label === 'ballast' && <> · {ballastDetail()}</>}
        {node.kind === 'frame' && onSandwich && (
          <>
            {' · '}
            <button type="button" class="link" onClick={() => onSandwich(node.function)}>
              {t('Callers and callees')}
            </button>
          </>
        )}
        {node.file && !offline && (
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

function Amount({ node, tree }: { node: FlameNode; tree: FlameTree }) {
  return (
    <>
      <b>{fmt.amount(node.value, tree.unit)}</b> ·{' '}
      {t('{share} of the profile', { share: fmt.share(node.value / (tree.total || 1)) })}
    </>
  );
}

function Change({ node, tree }: { node: FlameNode; tree: FlameTree }) {
  const { change } = growthOf(node);
  return (
    <>
      <b>{changeOf(node.base_value, node.value, tree.unit)}</b> ·{' '}
      <span class={`change ${change}`}>
        <span aria-hidden="true">{SIGNS[change]}</span> {changeWord(change)}
      </span>
    </>
  );
}

function ownText(node: FlameNode, tree: FlameTree, direction: FlameDirection): string {
  const amount =
    tree.base_total === null ? fmt.amount(node.own, tree.unit) : changeOf(node.base_own, node.own, tree.unit);
  return direction === 'callees'
    ? t('{amount} by itself', { amount })
    : t('{amount} in stacks that begin here', { amount });
}
