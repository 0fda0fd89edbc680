import type { HeapAnswers, HeapPageQuestion } from '../../shared/heap';
import type { Rpc } from '../base/rpc';

/** Asks about the heap that is open; the answer is of the question's type. */
export const askHeap = <Q extends HeapPageQuestion>(rpc: Rpc, question: Q): Promise<HeapAnswers[Q['ask']]> =>
  rpc.ask('askHeap', { question }) as Promise<HeapAnswers[Q['ask']]>;
