import type { FlameNode } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { shortName } from '../heap/names';
import { subsystemName } from '../words/subsystems';

/** What is written into a frame. */
export function frameName(node: FlameNode): string {
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
