import type { HeapCheck, HeldBy } from '../../shared/heap';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { subsystemName } from '../words/subsystems';
import type { Advice } from './advice';
import { shortFunction, shortType } from './names';

/** As `check.rs` has it. */
const MOST_MISSED = 0.01;

/** Whether the numbers can be relied on: what they were held against, or why not. */
export function checkWords(check: HeapCheck): string {
  const { survivors, died, missed, reliable, inexact_roots } = check;
  if (!reliable) return sentences(t('These numbers are not to be relied on.'), whyNot(check));
  const numbers = { count: fmt.count(survivors.objects), share: fmt.share(1 - missed, 2) };
  const found =
    died.objects === 0
      ? t(
          'Checked against gopls’s own garbage collector: of the {count} objects that its last collection found alive, {share} were found here.',
          numbers,
        )
      : t(
          'Checked against gopls’s own garbage collector: of the {count} objects that its last collection found alive, {died} have died since; of the others {share} were found here.',
          { ...numbers, died: fmt.count(died.objects) },
        );
  if (inexact_roots === 0) return found;
  return sentences(
    found,
    inexact_roots === 1
      ? t('One goroutine was running and its stack was read word by word: it may hold a little too much.')
      : t(
          '{count} goroutines were running and their stacks were read word by word: they may hold a little too much.',
          { count: fmt.count(inexact_roots) },
        ),
  );
}

function whyNot({ missed, in_use, survivors }: HeapCheck): string {
  if (missed <= MOST_MISSED)
    return t(
      'A collection had just ended and was still freeing what it found dead, so there was nothing to compare with. Read again in a moment.',
    );
  return t(
    '{share} of what gopls’s last collection found alive was not found here, and something in memory still has its address. gopls has allocated {size} since, so that may have died meanwhile. Read again when gopls is calm.',
    { share: fmt.share(missed), size: fmt.bytes(Math.max(0, in_use.bytes - survivors.bytes)) },
  );
}

/** What is not known because the system did not let anybody read registers. */
export const registersWords = (unread: number): string =>
  unread === 1
    ? t(
        'The registers of one thread that computed just then could not be read: what nothing else holds is missing.',
      )
    : t(
        'The registers of {count} threads that computed just then could not be read: what nothing else holds is missing.',
        { count: fmt.count(unread) },
      );

/** Where a chain begins. */
export function rootWords({ kind, name }: HeldBy['root']): string {
  switch (kind) {
    case 'global':
      return shortType(name);
    case 'goroutine':
      return `goroutine ${shortFunction(name)}`;
    case 'finalizer':
      return t('a finalizer');
    case 'cleanup':
      return t('a cleanup');
    case 'weak':
      return t('a weak pointer');
    case 'due':
      return t('a finalizer that is due');
    default:
      return t('a root without a name');
  }
}

/** A chain in a line, from what lasts on: `cache.Session.views[0].snapshot`; else `goroutine server.run → cache.File.text`. */
export function wayWords({ owner, ...held }: HeldBy): string {
  return owner ? `${shortType(owner.type)}${owner.path}` : wholeWay(held);
}

/** The same from its root on. */
export function wholeWay({ root, first, path }: Omit<HeldBy, 'owner'>): string {
  // A global variable has a name; what a goroutine refers to is known by its type.
  return root.kind === 'global'
    ? `${rootWords(root)}${path}`
    : `${rootWords(root)} → ${shortType(first)}${path}`;
}

/** The same, with who holds it beside that chain: goroutines that pass by, as a request does that is answered. */
export function heldWords(held: HeldBy): string {
  const way = wayWords(held);
  if (held.goroutines === 0) return way;
  return held.goroutines === 1
    ? t('{way}, and by one goroutine at work', { way })
    : t('{way}, and by {count} goroutines at work', { way, count: fmt.count(held.goroutines) });
}

export const objectsWords = (count: number): string =>
  count === 1 ? t('one object') : t('{count} objects', { count: fmt.count(count) });

/** What it is, and what to do about it. */
export function adviceWords(advice: Advice): { title: string; text: string } {
  switch (advice.kind) {
    case 'snapshots':
      return {
        title: t('{count} snapshots of the workspace are alive', { count: fmt.count(advice.count) }),
        text: t(
          'They hold {size}. One is current; older ones are held by requests that still run, or they leak. Wait until gopls is calm and compare with a later heap: snapshots that are still there then leak. The chains below say who holds them, and that is what gopls’s maintainers need in a report.',
          { size: fmt.bytes(advice.retained_bytes) },
        ),
      };
    case 'packages':
      return {
        title: t('{part} takes {share}', {
          part: subsystemName(advice.part),
          share: fmt.share(advice.share, 0),
        }),
        text: t(
          '{size} grow with the packages that gopls looks at. If there are folders you never edit, have gopls leave them out: the doctor looks for those. Closing files helps, too: a package with an open file costs most.',
          { size: fmt.bytes(advice.bytes) },
        ),
      };
    case 'cache':
      return {
        title: t('{part}: {size}', { part: subsystemName(advice.part), size: fmt.bytes(advice.bytes) }),
        text: t('gopls keeps this on purpose and bounds it by itself. There is nothing to do about it.'),
      };
    case 'ballast':
      return {
        title: t('{size} of it are ballast', { size: fmt.bytes(advice.bytes) }),
        text: t(
          'gopls reserves them and never touches them, so that garbage is collected less often. They take no memory of this machine.',
        ),
      };
    case 'nothing':
      return {
        title: t('Nothing stands out'),
        text: t('If gopls grows, compare with a later heap: what is new and stays is what to look at.'),
      };
  }
}
