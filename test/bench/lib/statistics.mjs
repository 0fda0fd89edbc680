// The little statistics the bench needs. Machines are noisy: medians and quantiles, never means of times.

/** The value below which the share `q` of all values lies, between neighbours in proportion. */
export function quantile(values, q) {
  if (values.length === 0) throw new Error('no values');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export const median = (values) => quantile(values, 0.5);

export const summary = (values) => ({
  runs: values.length,
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
});

const ROUNDS = 10_000;
const SEED = 0x5eed;

/**
 * Whether two things measured in turn, pair by pair, differ.
 *
 * `differences` holds with − without of each pair. If there were no difference, each sign would have been a toss-up:
 * `p` is the share of all such tosses (10,000 of them) whose median is at least as far from zero as the real one. Below
 * 0.05 the difference is beyond the noise. The 95 % interval, from drawing pairs again with replacement, says how
 * large a difference could have hidden in it.
 */
export function pairedDifference(differences) {
  const random = generator(SEED);
  const real = median(differences);
  let asFar = 0;
  const redrawn = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const tossed = median(differences.map((difference) => (random() < 0.5 ? difference : -difference)));
    if (Math.abs(tossed) >= Math.abs(real)) asFar += 1;
    redrawn.push(median(differences.map(() => differences[Math.floor(random() * differences.length)])));
  }
  return {
    pairs: differences.length,
    median: real,
    low: quantile(redrawn, 0.025),
    high: quantile(redrawn, 0.975),
    // The real signs are one of the tosses.
    p: (asFar + 1) / (ROUNDS + 1),
  };
}

/** Numbers in [0, 1) which are the same in every run (mulberry32). */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
