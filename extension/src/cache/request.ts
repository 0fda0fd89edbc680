// Whose cache is meant, as far as only the settings say it.
import path from 'node:path';
import * as vscode from 'vscode';
import type { CacheRequest } from '../../shared/doctor';

/** What gopls is started with; nothing of a workspace that is not trusted. */
export function cacheRequest(): CacheRequest {
  if (!vscode.workspace.isTrusted) return { variables: {}, gopls: null };
  const go = vscode.workspace.getConfiguration('go');
  const entries = Object.entries(go.get<Record<string, unknown>>('toolsEnvVars') ?? {});
  const variables = Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const gopls = go.get<Record<string, unknown>>('alternateTools')?.['gopls'];
  return { variables, gopls: typeof gopls === 'string' && path.isAbsolute(gopls) ? gopls : null };
}
