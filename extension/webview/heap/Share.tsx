import * as fmt from '../base/format';

/** An amount with its share of the total, as a bar and in percent. */
export function Share({ value, share, unit }: { value: number; share: number; unit: string }) {
  return (
    <>
      <span
        class="share-bar"
        aria-hidden="true"
        style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }}
      />
      <span class="amount">{fmt.amount(value, unit)}</span>
      <span class="percent">{fmt.share(share)}</span>
    </>
  );
}
