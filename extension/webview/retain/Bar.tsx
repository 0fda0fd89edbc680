import * as fmt from '../base/format';

/** An amount of memory, with a bar of its share of the whole. */
export function Bar({ bytes, of }: { bytes: number; of: number }) {
  return (
    <span class="retain-amount">
      <span class="retain-bar" aria-hidden="true">
        <span style={{ width: `${of > 0 ? Math.min(100, (100 * bytes) / of) : 0}%` }} />
      </span>
      <span class="retain-bytes">{fmt.bytes(bytes)}</span>
    </span>
  );
}
