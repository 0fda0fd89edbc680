// Where incidents are exported to, as the user set it. These settings count for the whole machine: no workspace can set them.
import * as vscode from 'vscode';
import type { ExportSettings } from '../../shared/model';

export const EXPORT_SECTION = 'stallscope.export';
export const EXPORT_ENABLED = 'export.enabled';

/** A value of the wrong type counts as its default, which sends nothing, or less. */
export function readExportSettings(): ExportSettings {
  const config = vscode.workspace.getConfiguration(EXPORT_SECTION);
  const read = <T>(name: string, fits: (value: unknown) => boolean): T => {
    const value = config.get<unknown>(name);
    return (fits(value) ? value : config.inspect<T>(name)?.defaultValue) as T;
  };
  const isText = (value: unknown) => typeof value === 'string';
  const isNumber = (value: unknown) => typeof value === 'number';
  const isBoolean = (value: unknown) => typeof value === 'boolean';
  return {
    enabled: read('enabled', isBoolean),
    endpoint: read('endpoint', isText),
    protocol: read('protocol', isText),
    pyroscope: read('pyroscope', isText),
    sample_rate: read('sampleRate', isNumber),
    severe_after_s: read('severeAfterSeconds', isNumber),
    redact: read('redact', isBoolean),
    hide_words: read('hideWords', (value) => Array.isArray(value) && value.every(isText)),
  };
}
