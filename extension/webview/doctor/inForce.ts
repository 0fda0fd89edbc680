// In which order settings are listed, and what is in force instead of one that is not.
import type { SeenSetting, SettingScope } from '../../shared/doctor';

/** A setting with its number in the report. */
export interface Numbered {
  setting: SeenSetting;
  index: number;
}

/** By name, so that what overrides something stands below it: in the report the weaker file comes first. */
export function byName(settings: readonly SeenSetting[]): Numbered[] {
  const all = settings.map((setting, index) => ({ setting, index }));
  return all.sort((a, b) => a.setting.key.localeCompare(b.setting.key) || a.index - b.index);
}

/** The file that says otherwise; null where nobody reads the setting in its own. */
export function overriddenBy(settings: readonly SeenSetting[], index: number): SettingScope | null {
  const own = settings[index];
  const stronger = settings.slice(index + 1).findLast(({ key, counts }) => key === own?.key && counts);
  return stronger?.place.kind === 'setting' ? stronger.place.scope : null;
}
