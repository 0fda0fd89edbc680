// The settings that gopls runs with, so that a verification can say what was changed between two runs.
import * as vscode from 'vscode';

/** Whole sections; what is below them goes by its dotted name. */
const SECTIONS = ['gopls'];
/** Settings of the Go extension that reach gopls or the `go` command it runs. */
const OF_GO = ['languageServerFlags', 'toolsEnvVars', 'buildFlags', 'buildTags', 'alternateTools', 'goroot'];

/** Name → JSON text of all that are set to something else than their default. */
export function goplsSettings(): Record<string, string> {
  const found: Record<string, string> = {};
  const config = vscode.workspace.getConfiguration();
  const keep = (name: string) => {
    const value = config.get<unknown>(name);
    const standard = config.inspect(name)?.defaultValue;
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(standard)) {
      found[name] = JSON.stringify(value);
    }
  };
  for (const section of SECTIONS) {
    for (const name of Object.keys(config.get<Record<string, unknown>>(section) ?? {})) {
      keep(`${section}.${name}`);
    }
  }
  for (const name of OF_GO) keep(`go.${name}`);
  return found;
}

/** The setting `gopls.memoryLimit` in bytes; null when there is none, or none that a gopls would take. */
export function memoryLimitSetting(): number | null {
  const gopls = vscode.workspace.getConfiguration().get<Record<string, unknown>>('gopls');
  const limit: unknown = gopls?.['memoryLimit'];
  return Number.isSafeInteger(limit) && (limit as number) > 0 ? (limit as number) : null;
}
