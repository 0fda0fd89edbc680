/** Where days begin where the user is, Unix milliseconds: of the `days` up to today, and where tomorrow does. */
export const midnights = (now: Date, days: number): number[] =>
  Array.from({ length: days + 1 }, (_, number) =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1 - days + number).getTime(),
  );
