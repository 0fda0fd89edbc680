import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { HeapAnswers, HeapPageQuestion } from '../../shared/heap';
import type { Rpc } from '../base/rpc';

/** Asks about a heap; the answer is of the question's type. */
export type AskHeap = <Q extends HeapPageQuestion>(question: Q) => Promise<HeapAnswers[Q['ask']]>;

/** The heap that is looked at: one that is open, or what was kept of one, which knows the largest only. */
export interface Heap {
  ask: AskHeap;
  live: boolean;
}

/** The one that is open. */
export const liveHeap = (rpc: Rpc): Heap => ({
  ask: <Q extends HeapPageQuestion>(question: Q) =>
    rpc.ask('askHeap', { question }) as Promise<HeapAnswers[Q['ask']]>,
  live: true,
});

const HeapContext = createContext<Heap | null>(null);
export const HeapProvider = HeapContext.Provider;

export function useHeap(): Heap {
  const heap = useContext(HeapContext);
  if (!heap) throw new Error('useHeap outside of HeapProvider');
  return heap;
}
