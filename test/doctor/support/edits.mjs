// What an editor makes of edits, and of undoing them.

/** Where each line of a text begins. Lines end with LF, CR LF or CR. */
function lineStarts(text) {
  return [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((end) => end.index + end[0].length)];
}

const offsetIn = (text) => {
  const starts = lineStarts(text);
  return ({ line, column }) => starts[line] + column;
};

function positionIn(text, offset) {
  const starts = lineStarts(text);
  const line = starts.findLastIndex((start) => start <= offset);
  return { line, column: offset - starts[line] };
}

/** The text after the edits, and the edits that undo them. */
export function applied(text, edits) {
  const offset = offsetIn(text);
  const sorted = edits
    .map(({ range, new_text }) => ({ start: offset(range.start), end: offset(range.end), new_text }))
    .sort((a, b) => a.start - b.start);
  let after = '';
  let last = 0;
  const written = [];
  for (const { start, end, new_text } of sorted) {
    if (start < last) throw new Error('edits overlap');
    after += text.slice(last, start);
    written.push({ start: after.length, end: after.length + new_text.length, old: text.slice(start, end) });
    after += new_text;
    last = end;
  }
  after += text.slice(last);
  const undo = written.map(({ start, end, old }) => ({
    range: { start: positionIn(after, start), end: positionIn(after, end) },
    new_text: old,
  }));
  return { after, undo };
}
