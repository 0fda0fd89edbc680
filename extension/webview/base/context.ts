import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { CommandTarget, PanelCommand } from '../../shared/panel';
import type { Rpc } from './rpc';

/** What every part of the panel may use. */
export interface Panel {
  rpc: Rpc;
  /** There is no editor behind: this is a report. What needs one is not offered. */
  offline: boolean;
  /** Runs a command of ours; a failure is shown to the user. */
  run(id: PanelCommand, about?: CommandTarget): void;
  openSource(file: string, line: number): void;
  /** A message for the user in the panel's own notice line; null clears it. */
  notify(message: string | null): void;
}

const PanelContext = createContext<Panel | null>(null);
export const PanelProvider = PanelContext.Provider;

export function usePanel(): Panel {
  const panel = useContext(PanelContext);
  if (!panel) throw new Error('usePanel outside of PanelProvider');
  return panel;
}
