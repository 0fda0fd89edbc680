/**
 * Runs inside the page: the rectangle of the n-th visible occurrence of a text in the editor. The editor splits
 * a line into a span per token, so the text is searched per line and mapped back onto the spans.
 */
export function locateText([text, nth]) {
  let found = 0;
  for (const line of document.querySelectorAll('.monaco-editor .view-lines .view-line')) {
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    const pieces = [];
    let whole = '';
    while (walker.nextNode()) {
      pieces.push({ node: walker.currentNode, from: whole.length });
      // The editor draws spaces as no-break spaces.
      whole += walker.currentNode.data.replaceAll('\u00a0', ' ');
    }
    const place = (offset) => {
      const piece = pieces.findLast(({ from }) => from <= offset);
      return [piece.node, offset - piece.from];
    };
    for (let at = whole.indexOf(text); at >= 0; at = whole.indexOf(text, at + 1)) {
      if (found++ !== nth) continue;
      const range = document.createRange();
      range.setStart(...place(at));
      const [lastNode, lastOffset] = place(at + text.length - 1);
      range.setEnd(lastNode, lastOffset + 1);
      const { x, y, width, height } = range.getBoundingClientRect();
      return { x, y, width, height };
    }
  }
  return undefined;
}
