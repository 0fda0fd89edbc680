// Two accounts of the same waits, phase by phase: gopls's own spans, and goroutine profiles taken meanwhile.

/** Half the width of the 95 % interval (Wilson's) of a share of 0 to 1 that so many looks gave. */
function error(share, looks) {
  const z = 1.96;
  const spread = Math.sqrt((share * (1 - share)) / looks + (z * z) / (4 * looks * looks));
  return (z / (1 + (z * z) / looks)) * spread;
}

/** Several waits' breakdowns as one: `whole_ns`, `looks`, and `share(phase)` of 0 to 1. */
export function together(breakdowns) {
  const phases = breakdowns.flatMap((breakdown) => breakdown.phases);
  const sum = (some) => some.reduce((ns, { duration_ns: more }) => ns + more, 0);
  return {
    whole_ns: sum(phases),
    looks: breakdowns.reduce((looks, { samples }) => looks + samples, 0),
    names: phases.map(({ phase }) => phase),
    share: (name) => sum(phases.filter(({ phase }) => phase === name)) / sum(phases),
  };
}

/** A row for each phase that one of them knows, the longest by spans first; all in percent of the waits. */
export function compare(spans, sampled) {
  return [...new Set([...spans.names, ...sampled.names])]
    .map((phase) => {
      const [exact, seen] = [spans.share(phase) * 100, sampled.share(phase) * 100];
      return { phase, exact, seen, error: error(seen / 100, sampled.looks) * 100, difference: seen - exact };
    })
    .sort((a, b) => b.exact - a.exact);
}

export function printed(rows) {
  const cell = (number) => number.toFixed(1).padStart(8);
  return [
    `${'phase'.padEnd(14)}   spans  sampling       ±  difference`,
    ...rows.map(
      ({ phase, exact, seen, error: off, difference }) =>
        `${phase.padEnd(14)}${cell(exact)}  ${cell(seen)}${cell(off)}  ${cell(difference)}`,
    ),
  ];
}
