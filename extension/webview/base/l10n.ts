// User-visible texts. The English text is the key, as in `vscode.l10n`; the extension puts the dictionary of the
// display language into the page. Call `t` with a literal, so that the texts can be collected from the source.

export type TextArgs = Record<string, string | number>;

let dictionary: Record<string, string> = {};

/** Takes the dictionary (JSON: English text → translation). A damaged one leaves English. */
export function loadTexts(json: string | undefined): void {
  dictionary = {};
  if (!json) return;
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== 'object' || parsed === null) return;
    for (const [key, value] of Object.entries(parsed)) if (typeof value === 'string') dictionary[key] = value;
  } catch {
    // English it is.
  }
}

/** `t('{method} took {duration}', { method, duration })` */
export function t(text: string, args?: TextArgs): string {
  const translated = (Object.hasOwn(dictionary, text) ? dictionary[text] : undefined) ?? text;
  if (!args) return translated;
  return translated.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(args, name) ? String(args[name]) : whole,
  );
}

/** Sentences in a row. Chinese puts no space between them. */
export const sentences = (...parts: string[]): string =>
  parts.length === 0 ? '' : parts.reduce((before, next) => t('{before} {next}', { before, next }));
