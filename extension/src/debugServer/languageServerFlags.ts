// Reads and writes `go.languageServerFlags`, the Go extension's setting for how gopls is started.
import * as vscode from 'vscode';

const GO = 'go';
const FLAGS = 'languageServerFlags';
export const FLAGS_SETTING = `${GO}.${FLAGS}`;

export interface FlagsSetting {
  /** What the user settings say; [] when they say nothing. */
  user: string[];
  /** What counts in this window. */
  effective: string[];
  /** The workspace has a value of its own, so that the user's does not count. */
  overridden: boolean;
}

/** The setting; undefined when no extension that starts gopls has contributed it. */
export function readFlags(): FlagsSetting | undefined {
  const found = vscode.workspace.getConfiguration(GO).inspect<unknown>(FLAGS);
  if (found?.defaultValue === undefined && found?.globalValue === undefined) return undefined;
  const overriding = found.workspaceFolderValue ?? found.workspaceValue;
  const user = strings(found.globalValue);
  return {
    user,
    effective: overriding === undefined ? user : strings(overriding),
    overridden: overriding !== undefined,
  };
}

/** Writes the user's value. The Go extension restarts gopls by itself when it changes. */
export async function writeFlags(flags: string[]): Promise<void> {
  await vscode.workspace
    .getConfiguration(GO)
    .update(FLAGS, flags.length > 0 ? flags : undefined, vscode.ConfigurationTarget.Global);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((element) => typeof element === 'string') : [];
}
