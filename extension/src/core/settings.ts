// The watcher's thresholds and limits, as the user set them. Ranges are enforced in Rust, in one place; here the
// only question is whether a value is a number at all.
import * as vscode from 'vscode';
import type { WatchSettings } from '../../shared/model';

export const SECTION = 'stallscope';

/** Name of each watcher setting below `stallscope.`, by its name in the core. */
export const SETTING_NAMES: { readonly [K in keyof WatchSettings]: string } = {
  sample_interval_ms: 'sampleIntervalMs',
  stall_after_ms: 'stallAfterMs',
  capture_rise_mb: 'captureRiseMB',
  capture_window_ms: 'captureWindowMs',
  memory_alert_mb: 'memoryAlertMB',
  capture_enabled: 'captureEnabled',
  capture_cooldown_s: 'captureCooldownSeconds',
  captures_per_hour: 'capturesPerHour',
  disk_budget_mb: 'diskBudgetMB',
  history_days: 'historyDays',
  history_max_mb: 'historyMaxMB',
  capture_deadline_s: 'captureDeadlineSeconds',
  capture_max_mb: 'captureMaxMB',
  baseline_interval_s: 'baselineIntervalSeconds',
  poll_fast_ms: 'pollFastMs',
  poll_idle_ms: 'pollIdleMs',
  slow_work_ms: 'slowWorkMs',
  slow_dispatch_ms: 'slowDispatchMs',
};

/** Setting for the prompt after a stall. */
export const PROMPT_ENABLED = 'prompt.enabled';

export interface ReadSettings {
  settings: WatchSettings;
  /** Settings whose value is of the wrong type, so that the default is used. */
  wrongType: string[];
}

/** Reads all of them. A value of the wrong type (settings.json is written by hand) is replaced by its default. */
export function readSettings(): ReadSettings {
  const config = vscode.workspace.getConfiguration(SECTION);
  const wrongType: string[] = [];
  const read = <T extends number | boolean>(field: keyof WatchSettings, type: 'number' | 'boolean'): T => {
    const name = SETTING_NAMES[field];
    const value = config.get<unknown>(name);
    if (typeof value === type) return value as T;
    wrongType.push(`${SECTION}.${name}`);
    return config.inspect<T>(name)?.defaultValue as T;
  };
  const number = (field: keyof WatchSettings) => read<number>(field, 'number');
  const settings: WatchSettings = {
    sample_interval_ms: number('sample_interval_ms'),
    stall_after_ms: number('stall_after_ms'),
    capture_rise_mb: number('capture_rise_mb'),
    capture_window_ms: number('capture_window_ms'),
    memory_alert_mb: number('memory_alert_mb'),
    capture_enabled: read<boolean>('capture_enabled', 'boolean'),
    capture_cooldown_s: number('capture_cooldown_s'),
    captures_per_hour: number('captures_per_hour'),
    disk_budget_mb: number('disk_budget_mb'),
    history_days: number('history_days'),
    history_max_mb: number('history_max_mb'),
    capture_deadline_s: number('capture_deadline_s'),
    capture_max_mb: number('capture_max_mb'),
    baseline_interval_s: number('baseline_interval_s'),
    poll_fast_ms: number('poll_fast_ms'),
    poll_idle_ms: number('poll_idle_ms'),
    slow_work_ms: number('slow_work_ms'),
    slow_dispatch_ms: number('slow_dispatch_ms'),
  };
  return { settings, wrongType };
}

/** Writes one of our settings where it counts for every window. */
export async function writeSetting(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(SECTION).update(name, value, vscode.ConfigurationTarget.Global);
}
