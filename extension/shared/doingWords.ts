// What gopls is doing now, in words: the panel and the status bar's tooltip say the same.
import type { LoadStatus, LoadStep, RunningGo } from './model';
import type { Language } from './words';

/** A step of a load, as a part of a line. */
export function loadStep(step: LoadStep, { t }: Pick<Language, 't'>): string {
  switch (step) {
    case 'listing':
      return t('the go command lists packages');
    case 'graph':
      return t('builds the graph of packages');
    case 'checking':
      return t('checks what is open');
  }
}

/** How a load compares with earlier ones of this workspace; undefined when there are none. */
export function loadCompared(
  { age_ns, usual_ns, longest_ns }: LoadStatus,
  { t, valueByName }: Language,
): string | undefined {
  if (usual_ns === null || longest_ns === null) return undefined;
  if (age_ns > longest_ns)
    return t('longer than ever: at most {duration} before', {
      duration: valueByName('longest_ns', longest_ns),
    });
  const duration = valueByName('usual_ns', usual_ns);
  return age_ns > usual_ns
    ? t('longer than the usual {duration}', { duration })
    : t('usually {duration}', { duration });
}

/** What a `go` command uses; undefined before that is known. */
export function commandUse(
  { cpu_share, waits }: RunningGo,
  { t, valueByName }: Language,
): string | undefined {
  if (cpu_share === null) return undefined;
  return waits ? t('waits itself') : t('{share} of a core', { share: valueByName('cpu_share', cpu_share) });
}
