// What the colour of a frame stands for, as the class that gives it (`styles/flame.css`, `styles/subsystemColours.css`).
import type { FlameNode } from '../../shared/model';
import type { FlameColour } from '../../shared/panel';
import { packageHue } from '../heap/names';
import { growthOf } from './growth';

const HUES = 8;

/** The class of a frame; none when it is of no single package or subsystem. */
export function colouring(by: FlameColour | 'growth'): (node: FlameNode) => string {
  switch (by) {
    case 'package':
      return ({ kind, package: name }) => (kind === 'frame' ? `hue-${packageHue(name, HUES)}` : '');
    case 'subsystem':
      return ({ subsystem }) => (subsystem === undefined ? '' : `subsystem-${subsystem}`);
    case 'growth':
      return (node) => {
        const { change, strength } = growthOf(node);
        return `growth ${change} by-${strength}`;
      };
  }
}
