// The parts of gopls that memory is assigned to, in words. The core only names them: the ids are those of
// native/core/rules/subsystems.json, and a test holds this list to that file.
import type { Language } from './words';

type Texts = Pick<Language, 't'>;

/** What the core calls memory that no rule names. */
export const UNASSIGNED = 'unassigned';

/** A name for a heading. An id without words of its own is shown as it is. */
export function subsystemName(id: string, { t }: Texts): string {
  switch (id) {
    case 'ballast':
      return t('Ballast');
    case 'file-contents':
      return t('File contents');
    case 'parsing':
      return t('Parsing');
    case 'type-checking':
      return t('Type checking');
    case 'export-data':
      return t('Export data');
    case 'metadata':
      return t('Metadata and go list');
    case 'indexes':
      return t('Indexes');
    case 'analysis':
      return t('Analysis');
    case 'diagnostics':
      return t('Diagnostics');
    case 'completion':
      return t('Completion candidates');
    case 'auto-imports':
      return t('Import candidates');
    case 'editor-features':
      return t('Editor features');
    case 'file-cache':
      return t('File cache in memory');
    case 'workspace-state':
      return t('Workspace state');
    case 'lsp':
      return t('LSP and JSON');
    case 'telemetry':
      return t('Telemetry and debug pages');
    case 'startup':
      return t('Start-up');
    case 'runtime':
      return t('Go runtime');
    case UNASSIGNED:
      return t('Unassigned');
    default:
      return id;
  }
}

/** One plain sentence: what is in there. Undefined for an id without words. */
export function subsystemDetail(id: string, { t }: Texts): string | undefined {
  switch (id) {
    case 'ballast':
      return t('The 100 MB ballast that gopls reserves on purpose to steady its garbage collector.');
    case 'file-contents':
      return t('The text of the files that gopls has read or that are open in the editor.');
    case 'parsing':
      return t('Syntax trees of Go files, and the positions in them.');
    case 'type-checking':
      return t('Types and objects of packages that gopls checked from their source.');
    case 'export-data':
      return t('Types of imported packages, written to gopls’s cache and read back from it.');
    case 'metadata':
      return t('Which packages, files and modules there are, as the go command tells it.');
    case 'indexes':
      return t('References, method sets and symbols of each package, to search all of them quickly.');
    case 'analysis':
      return t('Analysers such as vet, staticcheck and gopls’s own, and the facts they keep.');
    case 'diagnostics':
      return t('Errors and warnings on their way to the editor.');
    case 'completion':
      return t('What gopls offers while you type.');
    case 'auto-imports':
      return t('What could be imported: an index of the module cache, and the search for missing imports.');
    case 'editor-features':
      return t('Hovers, navigation, renaming, formatting, code actions, hints.');
    case 'file-cache':
      return t('The part of gopls’s cache on disk that it keeps in memory.');
    case 'workspace-state':
      return t('What gopls keeps of the workspace: its views and snapshots, the state of every file.');
    case 'lsp':
      return t('Messages between the editor and gopls.');
    case 'telemetry':
      return t('gopls’s own events and traces, and its debug server, which Stallscope reads, too.');
    case 'startup':
      return t('Tables, templates and regular expressions made once when gopls starts.');
    case 'runtime':
      return t('What the Go runtime needs for itself: goroutines, locks, timers.');
    case UNASSIGNED:
      return t('Allocated by functions that no rule of Stallscope names yet.');
    default:
      return undefined;
  }
}
