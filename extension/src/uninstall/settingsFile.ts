// Takes our flag out of the text of a settings.json, and nothing else: comments, order and layout stay as they are.
import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  parseTree,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import { isOurs } from '../spans/otelFlag';

const SETTING = 'go.languageServerFlags';

/** The text without our flag; undefined when it has none, or is not a settings file we can be sure of. */
export function withoutOurFlag(text: string): string | undefined {
  const before = flagsIn(text);
  const wanted = before?.map((flag): unknown => getNodeValue(flag)).filter((flag) => !isOurs(flag));
  if (!before || !wanted || wanted.length === before.length) return undefined;
  let rest = text;
  // One after the other, each in the text that the one before has left.
  for (let left = before.length - wanted.length; left > 0; left -= 1) {
    const flags = flagsIn(rest) ?? [];
    const at = flags.findIndex((flag) => isOurs(flag.value));
    rest = withoutElement(rest, flags, at);
  }
  // Somebody's settings: what does not read as intended is not written.
  const after = flagsIn(rest)?.map((flag): unknown => getNodeValue(flag));
  return JSON.stringify(after) === JSON.stringify(wanted) ? rest : undefined;
}

/** The elements of the setting; undefined in a file that is none, or has it otherwise. */
function flagsIn(text: string): Node[] | undefined {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  const list = root && errors.length === 0 ? findNodeAtLocation(root, [SETTING]) : undefined;
  return list?.type === 'array' ? (list.children ?? []) : undefined;
}

// Not the library's `modify`: in 3.3.1 it leaves a quote behind when it removes the last element of a list.
function withoutElement(text: string, elements: Node[], at: number): string {
  const [previous, element, next] = [elements[at - 1], elements[at], elements[at + 1]];
  if (!element) return text;
  const end = element.offset + element.length;
  const behind = commaAfter(text, end);
  if (behind !== undefined && (next || !previous)) {
    // With the space up to what comes next, or to a comment about it.
    const space = /^\s*/.exec(text.slice(behind + 1))?.[0].length ?? 0;
    return text.slice(0, element.offset) + text.slice(end, behind) + text.slice(behind + 1 + space);
  }
  const before = previous && commaAfter(text, previous.offset + previous.length);
  if (before === undefined) return text.slice(0, element.offset) + text.slice(end);
  const between = text.slice(before + 1, element.offset);
  return text.slice(0, before) + (between.trim() === '' ? '' : between) + text.slice(end);
}

/** Where the next comma is, unless something other than comments and space comes first. */
function commaAfter(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  return text[scanner.getTokenOffset()] === ',' ? scanner.getTokenOffset() : undefined;
}
