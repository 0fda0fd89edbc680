import { t } from '../base/l10n';
import { SAMPLE_TYPES, type SampleType } from './names';

function sampleTypeName(type: SampleType): string {
  switch (type) {
    case 'inuse_space':
      return t('In use: bytes');
    case 'inuse_objects':
      return t('In use: objects');
    case 'alloc_space':
      return t('Allocated since start: bytes');
    case 'alloc_objects':
      return t('Allocated since start: objects');
  }
}

export const sampleTypeOptions = () => SAMPLE_TYPES.map((key) => ({ key, label: sampleTypeName(key) }));

/** Said with every table and graph: a heap profile is not of the moment it was taken at. */
export const stateOfHeap = (): string =>
  t('State as of the last completed GC cycle; sampled by the Go runtime.');

export const ballastDetail = (): string =>
  t(
    'gopls reserves these 100 MB on purpose to steady its garbage collector. They are mostly not in RSS and not a leak.',
  );
