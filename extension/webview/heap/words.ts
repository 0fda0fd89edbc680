import { t } from '../base/l10n';
import { isSampleType, type KnownSampleType } from './names';

function knownName(type: KnownSampleType): string {
  switch (type) {
    case 'inuse_space':
      return t('In use: bytes');
    case 'inuse_objects':
      return t('In use: objects');
    case 'alloc_space':
      return t('Allocated since start: bytes');
    case 'alloc_objects':
      return t('Allocated since start: objects');
    case 'cpu':
      return t('CPU time');
    case 'samples':
      return t('CPU samples');
  }
}

/** What a sample type counts; one without words of ours keeps its name. */
export const sampleTypeName = (type: string): string => (isSampleType(type) ? knownName(type) : type);

/** Said with every table and graph: a heap profile is not of the moment it was taken at. */
export const stateOfHeap = (): string =>
  t('State as of the last completed GC cycle; sampled by the Go runtime.');

/** The same of any profile, by what it counts. */
export const stateOf = (unit: string): string =>
  unit === 'nanoseconds'
    ? t('Sampled by the Go runtime 100 times per second of CPU time; waiting is not in it.')
    : stateOfHeap();

export const ballastDetail = (): string =>
  t(
    'gopls reserves these 100 MB on purpose to steady its garbage collector. They are mostly not in RSS and not a leak.',
  );
