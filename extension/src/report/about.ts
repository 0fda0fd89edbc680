// What the editor knows of itself and of the person: the one goes into a report, the other is what is hidden in it.
import os from 'node:os';
import * as vscode from 'vscode';
import type { AboutEditor, ReportRequest } from '../../shared/model';
import { PROMPT_ENABLED, SECTION, SETTING_NAMES } from '../core/settings';
import { shareable } from './environment';

/** Settings of the Go extension that decide how gopls runs. */
const GO_SETTINGS = [
  'alternateTools',
  'buildFlags',
  'buildTags',
  'goroot',
  'languageServerFlags',
  'toolsEnvVars',
  'useLanguageServer',
];

export function aboutEditor(): AboutEditor {
  const go = vscode.extensions.getExtension('golang.go')?.packageJSON as { version?: unknown } | undefined;
  return {
    editor: `${vscode.env.appName} ${vscode.version}`,
    remote: vscode.env.remoteName ?? '',
    go_extension: typeof go?.version === 'string' ? go.version : '',
    os_release: `${os.type()} ${os.release()}`,
    memory_bytes: os.totalmem(),
    settings: changedSettings(),
  };
}

/** Settings that bear on gopls or on what was recorded, where they differ from their default. */
function changedSettings(): Record<string, unknown> {
  const names = [
    'gopls',
    ...GO_SETTINGS.map((name) => `go.${name}`),
    ...[...Object.values(SETTING_NAMES), PROMPT_ENABLED].map((name) => `${SECTION}.${name}`),
  ];
  const config = vscode.workspace.getConfiguration();
  const changed: Record<string, unknown> = {};
  for (const name of names) {
    const found = config.inspect<unknown>(name);
    const isSet = [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].some(
      (value) => value !== undefined,
    );
    const value = config.get<unknown>(name);
    if (isSet && JSON.stringify(value) !== JSON.stringify(found?.defaultValue)) {
      changed[name] = shareable(name, value);
    }
  }
  return changed;
}

/** Who and where this is, beside what the core knows of its own process. */
export function whoAndWhere(): Pick<ReportRequest, 'homes' | 'user_names' | 'host_names'> {
  return { homes: [os.homedir()], user_names: [userName()].filter(Boolean), host_names: [os.hostname()] };
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // In a container an account may have a number and no name.
    return '';
  }
}
