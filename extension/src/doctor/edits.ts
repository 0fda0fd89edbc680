// Edits of text files as the doctor gives them, and how they are taken back. Positions are the editor's: lines, and columns in
// UTF-16 units, which is what strings here are made of.
import type { FileEdit, Position } from '../../shared/doctor';

/** The text with the edits in it, which do not overlap; undefined when one is not within the text. */
export function edited(
  text: string,
  edits: readonly Pick<FileEdit, 'range' | 'new_text'>[],
): string | undefined {
  const starts = lineStarts(text);
  const offset = ({ line, column }: Position): number | undefined => {
    const start = starts[line];
    if (start === undefined) return undefined;
    const at = start + column;
    return at <= (starts[line + 1] ?? text.length) ? at : undefined;
  };
  const placed = edits.map(({ range, new_text }) => ({
    from: offset(range.start),
    to: offset(range.end),
    new_text,
  }));
  placed.sort((a, b) => (a.from ?? 0) - (b.from ?? 0));
  let result = '';
  let end = 0;
  for (const { from, to, new_text } of placed) {
    if (from === undefined || to === undefined || from < end || to < from) return undefined;
    result += text.slice(end, from) + new_text;
    end = to;
  }
  return result + text.slice(end);
}

/** The smallest part of `before` that is another one in `after`, as offsets, and what stands there then. */
export function difference(before: string, after: string): { from: number; to: number; text: string } {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from += 1;
  let same = 0;
  while (same < most - from && before.at(-1 - same) === after.at(-1 - same)) same += 1;
  return { from, to: before.length - same, text: after.slice(from, after.length - same) };
}

/** The lines that are other ones in `after`: the number of the first, from 1, and what stands there before and after. */
export function changedLines(before: string, after: string): { line: number; was: string[]; is: string[] } {
  const [old, now] = [linesOf(before), linesOf(after)];
  const most = Math.min(old.length, now.length);
  let above = 0;
  while (above < most && old[above] === now[above]) above += 1;
  let below = 0;
  while (below < most - above && old.at(-1 - below) === now.at(-1 - below)) below += 1;
  return {
    line: above + 1,
    was: old.slice(above, old.length - below),
    is: now.slice(above, now.length - below),
  };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** Where each line begins; a carriage return alone ends none in files of Go and of the editor's settings. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
