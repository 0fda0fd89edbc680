/** Where an arrow key, Home or End leads from `at` in a row that ends with `last`; undefined for any other key. */
export const stepped = ({ key }: KeyboardEvent, at: number, last: number): number | undefined =>
  ({ ArrowRight: Math.min(last, at + 1), ArrowLeft: Math.max(0, at - 1), Home: 0, End: last })[key];
