// One name in a setting that is an object: put in, and put back as it was. Pure.

export type ObjectSetting = Readonly<Record<string, unknown>>;

/** What was there before a change, to put back. */
export interface Before {
  /** Absent when the name was not there. */
  value?: unknown;
}

export const asObject = (value: unknown): ObjectSetting =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as ObjectSetting) : {};

export function before(setting: ObjectSetting, name: string): Before {
  return Object.hasOwn(setting, name) ? { value: setting[name] } : {};
}

export function changed(setting: ObjectSetting, name: string, value: unknown): ObjectSetting {
  return { ...setting, [name]: value };
}

/** The setting as it was; undefined when it was not there at all. */
export function restored(setting: ObjectSetting, name: string, was: Before): ObjectSetting | undefined {
  const { [name]: _, ...others } = setting;
  const whole = 'value' in was ? { ...setting, [name]: was.value } : others;
  return Object.keys(whole).length > 0 ? whole : undefined;
}
