// What the doctor's names are called.
import type {
  FindingConfidence,
  FindingSeverity,
  GoplsFoundBy,
  GoplsServerRole,
  SettingScope,
} from '../../shared/doctor';
import { t } from '../base/l10n';

export function severityName(severity: FindingSeverity): string {
  switch (severity) {
    case 'error':
      return t('does not work');
    case 'warning':
      return t('costs you');
    case 'information':
      return t('worth knowing');
  }
}

/** Nothing is said of what was read or measured. */
export function confidenceName(confidence: FindingConfidence): string {
  switch (confidence) {
    case 'certain':
      return '';
    case 'likely':
      return t('likely');
    case 'possible':
      return t('possibly meant so');
  }
}

export function areaName(area: string): string {
  switch (area) {
    case 'workspace':
      return t('workspace');
    case 'environment':
      return t('environment');
    case 'settings':
      return t('settings');
    case 'lifecycle':
      return t('how gopls runs');
    case 'cache':
      return t('cache on disk');
    default:
      return area;
  }
}

/** Whose file it is, as the editor's settings page calls them. */
export function scopeName(scope: SettingScope): string {
  switch (scope) {
    case 'user':
      return t('User');
    case 'workspace':
      return t('Workspace');
    case 'folder':
      return t('Folder');
  }
}

/** What a gopls is to this window; of another one, whose it seems to be. */
export function roleName(role: GoplsServerRole, editor: string | null): string {
  switch (role) {
    case 'ours':
      return t('serves this window');
    case 'forwarder':
      return t('passes on to the daemon of this window');
    case 'daemon':
      return t('daemon of this window');
    case 'other':
      return editor === null ? t('serves somebody else') : t('serves {editor}', { editor });
  }
}

/** A step of a start; what gopls says of it stays in its words. */
export function stepName(name: string): string {
  switch (name) {
    case 'initialize':
      return t('Handshake (initialize)');
    case 'load':
      return t('Load of packages');
    default:
      return name;
  }
}

/** What makes a gopls the one that the Go extension starts. */
export function foundBy(by: GoplsFoundBy): string {
  switch (by) {
    case 'alternate_tools':
      return t('the setting {name}', { name: 'go.alternateTools' });
    case 'gobin':
      return 'GOBIN';
    case 'tools_gopath':
      return t('the setting {name}', { name: 'go.toolsGopath' });
    case 'gopath':
      return 'GOPATH';
    case 'goroot':
      return 'GOROOT';
    case 'path':
      return 'PATH';
  }
}
