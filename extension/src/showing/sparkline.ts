// RSS of the last minutes as a small picture for the tooltip. Pure: numbers in, SVG text out.

export interface SparkColors {
  line: string;
  fill: string;
}

const WIDTH = 240;
const HEIGHT = 36;
/** Room for half the line's width, so that a peak is not cut off. */
const MARGIN = 2;
/** A calm gopls moves by a few MB; drawn to the full height that would look like drama. */
const LEAST_SPAN_BYTES = 50e6;

/** The picture as a data URI; undefined when there is nothing to draw yet. */
export function sparkline(values: readonly number[], { line, fill }: SparkColors): string | undefined {
  if (values.length < 2) return undefined;
  const top = Math.max(...values);
  const span = Math.max(top - Math.min(...values), LEAST_SPAN_BYTES);
  const x = (index: number) => (index / (values.length - 1)) * (WIDTH - 2 * MARGIN) + MARGIN;
  const y = (value: number) => ((top - value) / span) * (HEIGHT - 2 * MARGIN) + MARGIN;
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const area = `${MARGIN},${HEIGHT} ${points} ${WIDTH - MARGIN},${HEIGHT}`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}">` +
    `<polygon points="${area}" fill="${fill}" fill-opacity=".18"/>` +
    `<polyline points="${points}" fill="none" stroke="${line}" stroke-width="1.5" stroke-linejoin="round"/></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}
