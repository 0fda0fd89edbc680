// Brings what the user does in the editor to the core: requests, saves, and the echo where gopls needs one.
import * as vscode from 'vscode';
import type { Core } from '../../shared/core';
import type { ObservedRequest, Status } from '../../shared/model';
import type { Session } from '../core/session';
import { Echo } from './echo';
import { Heartbeat } from './heartbeat';
import { observeRequests, observeSaves } from './observer';

export function watchEditor(session: Session, log: vscode.LogOutputChannel): vscode.Disposable {
  let told = false;
  /** An editor whose hover fails because of us would be worse than a missed stamp. */
  const stamp = (call: (core: Core) => void) => {
    try {
      if (session.running) call(session.running);
    } catch (error) {
      if (!told) log.error(`the core refused a stamp: ${String(error)}`);
      told = true;
    }
  };
  const observed = ({ method, uri, line }: ObservedRequest) =>
    stamp((core) => core.observed(method, uri, line));
  const echo = new Echo({
    execute: (command, uri, position) => vscode.commands.executeCommand(command, uri, position),
    began: (method, uri) => stamp((core) => core.echoBegan(method, uri)),
    ended: (method, uri) => stamp((core) => core.echoEnded(method, uri)),
    now: () => Date.now(),
  });
  const heartbeat = new Heartbeat({
    lagged: (lag_ms) => stamp((core) => core.hostLagged(lag_ms)),
    now: () => performance.now(),
  });
  const pace = () =>
    heartbeat.beat(
      session.running !== undefined &&
        session.status?.gopls != null &&
        (vscode.window.state.focused || session.status.stall !== null),
    );
  return vscode.Disposable.from(
    heartbeat,
    vscode.window.onDidChangeWindowState(pace),
    session.onEvent(pace),
    observeRequests((request) => {
      if (echo.isOwn(request)) return;
      observed(request);
      if (needsEcho(session.status)) void echo.repeat(request);
    }, observed),
    observeSaves(
      (uri) => stamp((core) => core.saveBegan(uri)),
      (uri) => stamp((core) => core.saveEnded(uri)),
    ),
  );
}

/** Only where nothing better will come: a debug server that is still being looked for will tell without an echo. */
function needsEcho(status: Status | undefined): boolean {
  const gopls = status?.watching === true ? status.gopls : undefined;
  return gopls?.latency_source === 'echo' && ['off', 'failing'].includes(gopls.debug.state);
}
