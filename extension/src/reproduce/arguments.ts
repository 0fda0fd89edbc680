// How the command line tool is asked for an experiment.

/** What is to be worked on. */
export type Source = { folder: string } | { packages: number };

export interface Asked {
  source: Source;
  /** The executable of the window's gopls; null where there is none: the tool looks for one. */
  gopls: string | null;
  /** Settings as VS Code names them, with their values as JSON. Those of gopls count. */
  settings: Record<string, string>;
  /** The folder for all that comes of it. */
  folder: string;
  page: string;
}

const OF_GOPLS = 'gopls.';

/** The arguments of `stallscope`. */
export function argumentsOf({ source, gopls, settings, folder, page }: Asked): string[] {
  const work = 'folder' in source ? [source.folder] : ['--packages', String(source.packages)];
  const executable = gopls === null ? [] : ['--gopls', gopls];
  const all = Object.entries(settings).filter(([name]) => name.startsWith(OF_GOPLS));
  const given = all.flatMap(([name, json]) => ['--with', `${name.slice(OF_GOPLS.length)}=${json}`]);
  return ['reproduce', ...work, ...executable, ...given, '--storage', folder, '--html', page].concat(
    '--json',
    '--progress',
  );
}

/** A line of the tool's standard error: where it is, or why it ended. */
export function lineOf(line: string): { progress: string } | { ended: string } {
  const ended = /^(?:stallscope|error): (.*)$/.exec(line)?.[1];
  return ended === undefined ? { progress: line } : { ended };
}
