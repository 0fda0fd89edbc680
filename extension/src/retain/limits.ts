// What a reading may cost, from the settings.
import * as vscode from 'vscode';
import { SECTION } from '../core/settings';

const PAUSE_MS = { least: 20, most: 10_000, usual: 500 };
const MB = 1e6;

/** A value of the wrong type is as if it were not there. */
export function limits(): { bound_ms: number; memory_limit_bytes: number | null } {
  const config = vscode.workspace.getConfiguration(SECTION);
  const number = (name: string, usual: number) => {
    const value = config.get<unknown>(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : usual;
  };
  const pause = number('retain.maxPauseMs', PAUSE_MS.usual);
  const memory = number('retain.maxMemoryMB', 0);
  return {
    bound_ms: Math.round(Math.min(Math.max(pause, PAUSE_MS.least), PAUSE_MS.most)),
    memory_limit_bytes: memory > 0 ? Math.round(Math.min(memory, 1e6) * MB) : null,
  };
}
