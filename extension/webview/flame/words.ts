// A frame in words: what stands in it, and what is said of it.
import type { FlameNode, FlameTree } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { shortName } from '../heap/names';
import { subsystemName } from '../words/subsystems';
import { changeWord, growthOf, SIGNS, type Growth } from './growth';

/** The name of a frame; with its growth the sign of that before it. */
export function frameName(node: FlameNode, growth: Growth | null = null): string {
  const sign = growth && growth.change !== 'unchanged' ? `${SIGNS[growth.change]} ` : '';
  return sign + plainName(node);
}

function plainName(node: FlameNode): string {
  switch (node.kind) {
    case 'root':
      return t('all');
    case 'other':
      return t('other ({count})', { count: fmt.count(node.merged) });
    case 'subsystem':
      return subsystemName(node.subsystem ?? '');
    case 'package':
      return packageName(node.package);
    case 'frame':
      return node.label === 'ballast'
        ? `${shortName(node.function)} · ${t('gopls ballast')}`
        : shortName(node.function);
  }
}

/** An import path; what is not Go has none. */
export const packageName = (package_: string): string => package_ || t('(no package)');

/** `+3 MB, from 1 MB to 4 MB`; what did not change is told once. */
export const changeOf = (base: number, now: number, unit: string): string =>
  base === now
    ? fmt.amount(now, unit)
    : t('{change}, from {base} to {now}', {
        change: fmt.signed(now - base, (value) => fmt.amount(value, unit)),
        base: fmt.amount(base, unit),
        now: fmt.amount(now, unit),
      });

/** A frame and its numbers in one line, as it is read out. */
export function describe(node: FlameNode, tree: FlameTree): string {
  const name = plainName(node);
  if (tree.base_total === null) {
    const share = fmt.share(node.value / (tree.total || 1));
    return `${name}, ${fmt.amount(node.value, tree.unit)}, ${share}`;
  }
  const change = changeOf(node.base_value, node.value, tree.unit);
  return `${name}, ${changeWord(growthOf(node).change)}, ${change}`;
}
