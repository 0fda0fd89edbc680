// Which heap captures an incident has, and which of them to look at.
import type { Capture, Incident } from '../../shared/model';

/** Heap captures of the stall itself, in order. */
export const heaps = (incident: Incident): Capture[] =>
  incident.captures.filter(({ kind }) => kind === 'heap');
export const baseline = (incident: Incident): Capture | undefined =>
  incident.captures.find(({ kind, state }) => kind === 'baseline' && state === 'complete');

export const readable = ({ state, file }: Capture): boolean => state === 'complete' && file !== '';

/** The heap capture to look at first: the last whole one, which saw most of the growth. */
export const bestHeap = (incident: Incident): Capture | undefined => heaps(incident).findLast(readable);

/** All that the views of a profile can show, those on request included. */
export const profiles = (incident: Incident): Capture[] =>
  incident.captures.filter(({ kind }) => ['heap', 'heap-delta', 'allocs', 'cpu'].includes(kind));

/** The profile to look at first: the best heap, else what was captured last. */
export const bestProfile = (incident: Incident): Capture | undefined =>
  bestHeap(incident) ?? profiles(incident).findLast(readable);
