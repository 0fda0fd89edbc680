// Whether gopls's own timing comes, in words: the tooltip and the panel say the same.
import type { SpansView, Status } from './model';
import type { Language } from './words';

/** How it stands, and whether somebody should do something about it. */
export interface TimingWords {
  text: string;
  detail: string;
  warn: boolean;
}

/** gopls posts every two seconds, and its start alone gives it something to post. */
const SILENT_AFTER_NS = 15e9;

/** Undefined when nobody asked gopls for its timing, or there is no gopls. */
export function timingWords(
  { state, port, received, dropped, refused, bodies_refused, last_ns }: SpansView,
  { gopls, at_ns }: Pick<Status, 'gopls' | 'at_ns'>,
  { t, valueByName }: Language,
): TimingWords | undefined {
  if (!gopls || state.kind === 'off' || port === null) return undefined;
  const counts = t(
    'Spans received: {received}; made room for later ones: {dropped}; not readable: {refused}. Posts refused, from another program, too large or too many: {posts}.',
    {
      received: valueByName('received', received),
      dropped: valueByName('dropped', dropped),
      refused: valueByName('refused', refused),
      posts: valueByName('posts', bodies_refused),
    },
  );
  const wrong = (text: string, detail: string): TimingWords => ({ text, detail, warn: true });
  if (state.kind === 'taken') {
    return wrong(
      t("gopls's own timing does not come: something else has port {port}", { port: String(port) }),
      t('{why}. Undo the recording and switch it on again to get another port.', { why: state.why }),
    );
  }
  if (state.kind === 'starting') {
    return { text: t("gopls's own timing: opening the port"), detail: counts, warn: false };
  }
  // What an earlier gopls has posted says nothing of this one.
  const silent = last_ns === null || last_ns < at_ns - gopls.uptime_ns;
  if (silent && gopls.uptime_ns > SILENT_AFTER_NS) {
    return wrong(
      t('gopls has posted no timing'),
      bodies_refused > 0 ? counts : t('This gopls may have been started without the flag. Restart gopls.'),
    );
  }
  if (silent) return { text: t("waiting for gopls's own timing"), detail: counts, warn: false };
  if (refused > 0) return wrong(t("some of gopls's own timing could not be read"), counts);
  return { text: t("recording gopls's own timing"), detail: counts, warn: false };
}
