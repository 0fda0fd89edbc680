import type { FlameTree } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { changeOf } from './words';

/** What the matching frames hold together, drawn or merged; a match within a match counts once. */
export function Found({ tree, where }: { tree: FlameTree; where?: string }) {
  const amount =
    tree.base_total === null
      ? fmt.amount(tree.matched, tree.unit)
      : changeOf(tree.base_matched, tree.matched, tree.unit);
  return (
    <p class="found" role="status">
      {where !== undefined && `${where}: `}
      {t('{amount} in matching frames', { amount })}
    </p>
  );
}
