import type { FlameNode } from '../../shared/model';

/** The class that gives a frame the hue of its subsystem (`styles/subsystems.css`); none when it is of no single one. */
export const subsystemClass = ({ subsystem }: FlameNode): string =>
  subsystem === undefined ? '' : `subsystem-${subsystem}`;
