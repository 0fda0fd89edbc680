import type { Incident, WaitBreakdown } from '../../shared/model';

/** What the main request was spent on, as exactly as it is known: the core's `Incident::best_wait`. */
export const bestWait = ({ wait, wait_by_spans }: Incident): WaitBreakdown | null => wait_by_spans ?? wait;
