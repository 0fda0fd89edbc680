// Capture on request: which, for how long, with whose consent; and what came of it.
import path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core } from '../../shared/core';
import type { CaptureRequest, IncidentSummary, Status } from '../../shared/model';
import type { Session } from '../core/session';
import * as words from '../texts/wording';
import { choices, collectionCost, type Choice, type Present } from './captureChoices';
import { tellNoCore, type IncidentViews } from './incidents';

const HEAP: CaptureRequest = { what: 'heap', seconds: null };
const DEFAULT_SECONDS = 10;
/** What the core takes: `CaptureRequest`. */
const [LEAST_SECONDS, MOST_SECONDS] = [1, 60];

/** The plain heap at once, for a keyboard shortcut or a button. */
export async function captureHeapNow(session: Session, views: IncidentViews): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const captured = await capture(core, HEAP, l10n.t("Capturing gopls's heap …"));
  if (!captured) return;
  await views.changed();
  const analysis = l10n.t('Show Analysis');
  const answer = await vscode.window.showInformationMessage(l10n.t("gopls's heap was captured."), analysis);
  if (answer === analysis) views.show(captured.id);
}

/** Asks what, says what it costs, captures it and shows it. */
export async function chooseCapture(
  session: Session,
  views: IncidentViews,
  storage: vscode.Uri,
): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const present = await presentOf(core, session.refresh());
  const choice = await pick(present);
  if (!choice) return;
  const seconds = choice.recorded ? await askSeconds(choice) : null;
  if (seconds === undefined) return;
  if (choice.what === 'heap-after-gc' && !(await consents(present))) return;
  const captured = await capture(core, { what: choice.what, seconds }, choice.label);
  if (!captured) return;
  await views.changed();
  views.present(captured.id);
  if (choice.what === 'heap-text') await openText(core, captured, storage);
}

/** What is known of the gopls at hand, for the costs. */
async function presentOf(core: Core, status: Status | undefined): Promise<Present> {
  const gopls = status?.gopls ?? undefined;
  return {
    rss_bytes: gopls?.rss_bytes,
    last_heap_ns: gopls && (await lastHeapNs(core, gopls.pid, gopls.uptime_ns)),
  };
}

/** How long the last heap capture of this process took, when the newest incident with a heap is of it. */
async function lastHeapNs(core: Core, pid: number, uptimeNs: number): Promise<number | undefined> {
  const incidents = await core.incidents();
  const newest = incidents.ok ? incidents.value.find(({ has_heap }) => has_heap) : undefined;
  const incident = newest && (await core.incident(newest.id));
  if (!incident?.ok || incident.value.gopls.pid !== pid) return undefined;
  // A pid may have been another process before: this one must have lived already.
  if (Date.parse(incident.value.started_at) < Date.now() - uptimeNs / 1e6) return undefined;
  const heap = incident.value.captures.findLast(
    ({ kind, state, after_gc }) => kind === 'heap' && state === 'complete' && after_gc !== true,
  );
  if (typeof heap?.received_ns !== 'number' || heap.sent_ns === null) return undefined;
  return heap.received_ns - heap.sent_ns;
}

async function pick(present: Present): Promise<Choice | undefined> {
  const picks = choices(present).map((choice) => ({
    label: choice.label,
    description: choice.cost,
    detail: choice.answers,
    choice,
  }));
  const picked = await vscode.window.showQuickPick(picks, {
    title: l10n.t('Capture'),
    placeHolder: l10n.t('What do you want to know? Beside each: what it costs gopls.'),
    matchOnDetail: true,
  });
  return picked?.choice;
}

async function askSeconds({ label }: Choice): Promise<number | undefined> {
  const given = await vscode.window.showInputBox({
    title: label,
    prompt: l10n.t('For how many seconds? From {least} to {most}.', {
      least: LEAST_SECONDS,
      most: MOST_SECONDS,
    }),
    value: String(DEFAULT_SECONDS),
    // What is to be recorded is often made ready in between.
    ignoreFocusOut: true,
    validateInput: (text) =>
      secondsOf(text) === undefined
        ? l10n.t('A whole number from {least} to {most}.', { least: LEAST_SECONDS, most: MOST_SECONDS })
        : undefined,
  });
  return given === undefined ? undefined : secondsOf(given);
}

function secondsOf(text: string): number | undefined {
  const seconds = Number(text);
  const valid = Number.isInteger(seconds) && seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS;
  return valid ? seconds : undefined;
}

/** It makes gopls work while somebody edits: not without a yes. */
async function consents(present: Present): Promise<boolean> {
  const force = l10n.t('Force a Collection');
  const answer = await vscode.window.showWarningMessage(
    l10n.t('Force a garbage collection in gopls now?'),
    {
      modal: true,
      detail: l10n.t(
        'Cost: {cost}. Nothing is lost by it, and what it frees is not counted as a collection of gopls’s own.',
        { cost: collectionCost(present) },
      ),
    },
    force,
  );
  return answer === force;
}

/** Captures under a progress notification that can cancel it. Undefined, and a message, when nothing whole came. */
async function capture(
  core: Core,
  request: CaptureRequest,
  title: string,
): Promise<IncidentSummary | undefined> {
  const outcome = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const cancelling = token.onCancellationRequested(() => core.cancelCapture());
      const counting = request.seconds === null ? undefined : countDown(progress, request.seconds);
      try {
        return await core.captureNow(request);
      } finally {
        cancelling.dispose();
        clearInterval(counting);
      }
    },
  );
  if (outcome.ok) return outcome.value;
  const message = words.failure(outcome.error);
  if (outcome.error.code === 'capture-cancelled') void vscode.window.showInformationMessage(message);
  else void vscode.window.showErrorMessage(message);
  return undefined;
}

function countDown(
  progress: vscode.Progress<{ message?: string; increment?: number }>,
  seconds: number,
): NodeJS.Timeout {
  let left = seconds;
  const tell = () =>
    progress.report({
      message: left > 0 ? l10n.t('{left} s left', { left }) : l10n.t('the answer is coming'),
      ...(left < seconds && left >= 0 && { increment: 100 / seconds }),
    });
  tell();
  return setInterval(() => {
    left -= 1;
    if (left >= 0) tell();
  }, 1000);
}

/** The text as the file that was captured: evidence, so not to be edited. */
async function openText(core: Core, { id }: IncidentSummary, storage: vscode.Uri): Promise<void> {
  const incident = await core.incident(id);
  const file = incident.ok && incident.value.captures.find(({ kind }) => kind === 'heap-text')?.file;
  if (!file) return;
  const uri = vscode.Uri.joinPath(storage, 'incidents', id, path.basename(file));
  await vscode.window.showTextDocument(uri, { preview: false });
  await vscode.commands.executeCommand('workbench.action.files.setActiveEditorReadonlyInSession');
}
