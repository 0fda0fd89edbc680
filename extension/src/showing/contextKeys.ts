// What the `when` clauses of package.json ask for, so that the palette offers only what makes sense now.
import * as vscode from 'vscode';
import type { Session } from '../core/session';

export function keepContextKeys(session: Session): vscode.Disposable {
  const known = new Map<string, boolean>();
  return session.onEvent((event) => {
    if (event.kind !== 'status') return;
    const { watching, capture_enabled } = event.status;
    for (const [key, value] of Object.entries({ paused: !watching, captureOff: !capture_enabled })) {
      if (known.get(key) === value) continue;
      known.set(key, value);
      void vscode.commands.executeCommand('setContext', `stallscope.${key}`, value);
    }
  });
}
