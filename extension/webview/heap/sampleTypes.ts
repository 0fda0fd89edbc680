// What the profile on screen counts: its own sample types and units, which every view of it offers and formats by.
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CaptureKind, SampleType } from '../../shared/model';
import { isSampleType, SAMPLE_TYPES } from './names';

const HEAP: SampleType[] = [
  { sample_type: 'inuse_space', unit: 'bytes' },
  { sample_type: 'inuse_objects', unit: 'count' },
  { sample_type: 'alloc_space', unit: 'bytes' },
  { sample_type: 'alloc_objects', unit: 'count' },
];

const Context = createContext<SampleType[]>(HEAP);
export const SampleTypesProvider = Context.Provider;

/** The types of the profile, most useful first; those nobody has words for come last. */
export function useSampleTypes(): SampleType[] {
  const rank = ({ sample_type }: SampleType) =>
    isSampleType(sample_type) ? SAMPLE_TYPES.indexOf(sample_type) : SAMPLE_TYPES.length;
  return [...useContext(Context)].sort((a, b) => rank(a) - rank(b));
}

/** The unit of a type of the profile. */
export function useUnit(sampleType: string): string {
  return useContext(Context).find(({ sample_type }) => sample_type === sampleType)?.unit ?? 'count';
}

/** What a profile of allocations is about; what is in use is the heap's to tell. */
export const offeredTypes = (kind: CaptureKind, types: SampleType[]): SampleType[] =>
  kind === 'allocs' ? types.filter(({ sample_type }) => sample_type.startsWith('alloc')) : types;

/**
 * The type to show: the one the user chose where the profile has it, else its last one, which is also what
 * `go tool pprof` shows. The choice outlives a look at a profile that has no such type.
 */
export const shownType = (chosen: string, types: SampleType[]): string =>
  types.some(({ sample_type }) => sample_type === chosen) ? chosen : (types.at(-1)?.sample_type ?? chosen);
