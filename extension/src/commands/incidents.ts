// Commands about what was caught: open, save for `go tool pprof`, delete.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core, ProfileRef } from '../../shared/core';
import type { Capture, CaptureKind, IncidentSummary } from '../../shared/model';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import { shellQuoted } from './shell';

export interface IncidentViews {
  show(incident: string): void;
  /** The same for one that comes when the user may be typing again: a panel that is in sight takes no focus. */
  present(incident: string): void;
  /** The list has changed. */
  changed(): Promise<void>;
}

interface IncidentPick extends vscode.QuickPickItem {
  incident: IncidentSummary;
}

export async function openIncident(session: Session, views: IncidentViews): Promise<void> {
  const incidents = await incidentPicks(session);
  if (!incidents) return;
  const picked = await vscode.window.showQuickPick(incidents, {
    title: l10n.t('Open Incident'),
    placeHolder: l10n.t('Which stall do you want to look at?'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (picked) views.show(picked.incident.id);
}

/** Deletes the incidents given, else those the user picks; asks first either way. */
export async function deleteIncidents(session: Session, views: IncidentViews, given?: string): Promise<void> {
  const picks = await incidentPicks(session);
  if (!picks) return;
  const chosen =
    given === undefined
      ? await vscode.window.showQuickPick(picks, {
          title: l10n.t('Delete Incidents'),
          placeHolder: l10n.t('Which incidents do you want to delete?'),
          canPickMany: true,
          matchOnDescription: true,
        })
      : picks.filter(({ incident }) => incident.id === given);
  if (!chosen || chosen.length === 0) return;
  const remove = l10n.t('Delete');
  const size = words.bytes(chosen.reduce((sum, { incident }) => sum + incident.size_bytes, 0));
  const answer = await vscode.window.showWarningMessage(
    chosen.length === 1
      ? l10n.t('Delete this incident with its profiles ({size})?', { size })
      : l10n.t('Delete {count} incidents with their profiles ({size})?', { count: chosen.length, size }),
    { modal: true, detail: l10n.t('They cannot be brought back.') },
    remove,
  );
  const core = session.running;
  if (answer !== remove || !core) return;
  await valueOrMessage(core.deleteIncidents(chosen.map(({ incident }) => incident.id)), words.failure);
  await views.changed();
}

/** Saves a raw profile where the user wants it, and offers the command that opens it. */
export async function saveProfile(session: Session, target: Partial<ProfileRef> = {}): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const ref = await pickProfile(session, core, target);
  if (!ref) return;
  const incident = await valueOrMessage(core.incident(ref.incident), words.failure);
  const capture = incident?.captures.find(({ number }) => number === ref.capture);
  if (!capture) return;
  const profile = isProfile(capture);
  const destination = await vscode.window.showSaveDialog({
    title: l10n.t('Save Profile As'),
    defaultUri: vscode.Uri.joinPath(saveFolder(), `${ref.incident}-${capture.file}`),
    ...(profile && { filters: { [l10n.t('pprof profile')]: ['pb.gz', 'gz'] } }),
  });
  if (!destination) return;
  if (destination.scheme !== 'file') {
    void vscode.window.showErrorMessage(l10n.t('Profiles can only be saved to a folder of this machine.'));
    return;
  }
  const saved = await valueOrMessage(core.saveProfile(ref, destination.fsPath), words.failure);
  if (saved === undefined) return;
  if (!profile) {
    void vscode.window.showInformationMessage(
      l10n.t('The capture was saved as {file}.', { file: destination.fsPath }),
    );
    return;
  }
  const copy = l10n.t('Copy "go tool pprof" Command');
  const answer = await vscode.window.showInformationMessage(
    l10n.t('The profile was saved as {file}.', { file: destination.fsPath }),
    copy,
  );
  if (answer === copy)
    await vscode.env.clipboard.writeText(`go tool pprof ${shellQuoted(destination.fsPath)}`);
}

async function pickProfile(
  session: Session,
  core: Core,
  target: Partial<ProfileRef>,
): Promise<ProfileRef | undefined> {
  let { incident } = target;
  if (incident === undefined) {
    const picks = (await incidentPicks(session))?.filter(({ incident: { has_heap } }) => has_heap);
    if (!picks) return undefined;
    if (picks.length === 0) {
      void vscode.window.showInformationMessage(l10n.t('No incident has a heap profile yet.'));
      return undefined;
    }
    const picked = await vscode.window.showQuickPick(picks, {
      title: l10n.t('Save Profile As'),
      placeHolder: l10n.t('From which incident?'),
      matchOnDescription: true,
    });
    incident = picked?.incident.id;
  }
  if (incident === undefined) return undefined;
  if (target.capture !== undefined) return { incident, capture: target.capture };
  const whole = await valueOrMessage(core.incident(incident), words.failure);
  const profiles = whole?.captures.filter(isProfile) ?? [];
  if (profiles.length <= 1) {
    if (whole && !profiles[0])
      void vscode.window.showInformationMessage(l10n.t('This incident has no heap profile.'));
    return profiles[0] && { incident, capture: profiles[0].number };
  }
  const picked = await vscode.window.showQuickPick(
    profiles.map((capture) => ({
      label: profileLabel(capture),
      description: [
        capture.inuse_space_bytes !== null && words.bytes(capture.inuse_space_bytes),
        capture.file,
      ]
        .filter(Boolean)
        .join(' · '),
      capture: capture.number,
    })),
    { title: l10n.t('Save Profile As'), placeHolder: l10n.t('Which profile?') },
  );
  return picked && { incident, capture: picked.capture };
}

function profileLabel({ kind, trigger, after_gc }: Capture): string {
  if (kind === 'cpu') return l10n.t('CPU profile');
  if (kind === 'allocs') return l10n.t('Allocations since the start');
  if (kind === 'heap-delta') return l10n.t('Heap difference over time');
  if (after_gc === true) return l10n.t('Heap after a forced collection');
  if (kind === 'baseline') return l10n.t('Baseline from a calm moment');
  return trigger === 'user' ? l10n.t('Heap on request') : l10n.t('Heap during the stall');
}

const PROFILES: readonly CaptureKind[] = ['heap', 'baseline', 'heap-delta', 'allocs', 'cpu'];
const isProfile = ({ kind, state }: Capture) => PROFILES.includes(kind) && state === 'complete';

/** Asks which incident a command is about; unreadable ones are not offered. */
export async function pickIncident(session: Session, title: string): Promise<string | undefined> {
  const picks = (await incidentPicks(session))?.filter(({ incident }) => incident.problem === null);
  if (!picks) return undefined;
  const picked = await vscode.window.showQuickPick(picks, {
    title,
    placeHolder: l10n.t('Of which incident?'),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return picked?.incident.id;
}

/** The incidents as picks, newest first; undefined (and a message) when there are none or they cannot be listed. */
async function incidentPicks(session: Session): Promise<IncidentPick[] | undefined> {
  const core = await session.start();
  if (!core) {
    tellNoCore(session);
    return undefined;
  }
  const incidents = await valueOrMessage(core.incidents(), words.failure);
  if (!incidents) return undefined;
  if (incidents.length === 0) {
    void vscode.window.showInformationMessage(
      l10n.t('No incident has been recorded yet. The next time gopls keeps you waiting, one will be.'),
    );
    return undefined;
  }
  return incidents
    .map(incidentPick)
    .sort((a, b) => b.incident.started_at.localeCompare(a.incident.started_at));
}

function incidentPick(incident: IncidentSummary): IncidentPick {
  const growth = words.incidentGrowth(incident);
  const detail = [
    growth && `+${growth}`,
    words.evidence(incident),
    incident.first_load && l10n.t('during the first load'),
    words.bytes(incident.size_bytes),
    incident.problem,
  ];
  return {
    label: `${incident.problem === null ? '$(pulse)' : '$(warning)'} ${words.incidentTitle(incident)}`,
    description: words.localTime(incident.started_at),
    detail: detail.filter(Boolean).join(' · '),
    incident,
  };
}

/** Where a save dialog starts: the first workspace folder, which people find again. */
export function saveFolder(): vscode.Uri {
  const home = process.env['HOME'] ?? process.env['USERPROFILE'];
  return vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(home ?? '/');
}

/** A command that needs the core cannot run. */
export function tellNoCore(session: Session): void {
  void vscode.window.showErrorMessage(session.problem ?? l10n.t("Stallscope's core is not running."));
}
