import { cx } from '../base/dom';
import { subsystemName } from '../words/subsystems';

interface Props {
  id: string;
  class?: string;
}

/** The colour of a subsystem, with its name for those who point at it or hear it. */
export function SubsystemSwatch({ id, class: className }: Props) {
  const name = subsystemName(id);
  return (
    <span
      class={cx('swatch', 'subsystem', `subsystem-${id}`, className)}
      role="img"
      aria-label={name}
      title={name}
    />
  );
}
