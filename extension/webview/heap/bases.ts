// The captures one can compare with, as a list to choose from.
import type { ProfileRef } from '../../shared/core';
import type { HeapCapture } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { methodName } from '../words/sources';

export interface Base {
  key: string;
  /** Null: the incident's own baseline. */
  ref: ProfileRef | null;
  label: string;
}

const keyOf = ({ incident, capture }: ProfileRef): string => `${incident}/${capture}`;

/**
 * What the profile can be compared with: first the baseline of its incident when there is one, then all other captures
 * as they come, which is the newest first.
 */
export function basesOf(captures: HeapCapture[], profile: ProfileRef): Base[] {
  const own = captures.find(({ incident, kind }) => incident === profile.incident && kind === 'baseline');
  const bases: Base[] = own ? [{ key: 'baseline', ref: null, label: labelOf(own, profile) }] : [];
  for (const { incident, capture, ...rest } of captures) {
    const ref = { incident, capture };
    if (keyOf(ref) === keyOf(profile) || (own && keyOf(ref) === keyOf(own))) continue;
    bases.push({ key: keyOf(ref), ref, label: labelOf({ ...ref, ...rest }, profile) });
  }
  return bases;
}

/** The one that is chosen; what is not there any more falls back to the baseline, or to nothing. */
export function chosenBase(bases: Base[], chosen: ProfileRef | null): Base | undefined {
  const key = chosen && keyOf(chosen);
  return bases.find((base) => base.key === key) ?? bases.find(({ ref }) => ref === null);
}

function labelOf(capture: HeapCapture, profile: ProfileRef): string {
  const when = fmt.when(new Date(capture.taken_unix_ms).toISOString());
  const size = capture.inuse_space_bytes === null ? '' : ` · ${fmt.bytes(capture.inuse_space_bytes)}`;
  const isOwn = capture.incident === profile.incident;
  if (capture.kind === 'baseline')
    return isOwn
      ? t('Baseline of this incident · {when}{size}', { when, size })
      : t('Baseline of {method} · {when}{size}', { method: methodName(capture.method), when, size });
  return isOwn
    ? t('Heap of this incident · {when}{size}', { when, size })
    : t('Heap of {method} · {when}{size}', { method: methodName(capture.method), when, size });
}
