// Our traces name their groups in English, as files do; here they have the panel's language. Those of others stay as they are.
import { t } from '../base/l10n';

export function groupName(group: string): string {
  switch (group) {
    case 'Requests of the editor':
      return t('requests of the editor');
    case 'Requests of gopls':
      return t('requests of gopls');
    case 'Captures':
      return t('captures');
    case 'Phases by sampling':
      return t('phases by sampling');
    case 'Workspace load':
      return t('workspace load');
    case 'Progress gopls reported':
      return t('progress that gopls reported');
    case 'Loads of packages':
      return t('loads of packages');
    default:
      return group;
  }
}
