import type { SuggestedChange } from '../../shared/model';
import { changeSnippet } from '../../shared/gcWords';

/** A suggested change as it would stand in settings.json. */
export function Change({ change }: { change: SuggestedChange }) {
  return (
    <pre class="gc-change">
      <code>{changeSnippet(change)}</code>
    </pre>
  );
}
