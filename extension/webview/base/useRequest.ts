import { useCallback, useEffect, useState } from 'preact/hooks';

export interface Loadable<T> {
  /** The latest answer; kept while a newer one is on its way. */
  value: T | null;
  /** Why the latest attempt failed. */
  error: string | null;
  loading: boolean;
  retry(): void;
}

/**
 * Runs `load` whenever `key` changes and once more on `retry`. An answer that comes after the key changed again is
 * dropped. `key` null asks nothing.
 */
export function useRequest<T>(key: string | null, load: () => Promise<T>): Loadable<T> {
  const [state, setState] = useState<{
    key: string | null;
    value: T | null;
    error: string | null;
    busy: boolean;
  }>({
    key: null,
    value: null,
    error: null,
    busy: false,
  });
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (key === null) {
      setState({ key, value: null, error: null, busy: false });
      return;
    }
    let current = true;
    setState((old) => ({ key, value: old.key === key ? old.value : null, error: null, busy: true }));
    load().then(
      (value) => current && setState({ key, value, error: null, busy: false }),
      (error: unknown) =>
        current &&
        setState({
          key,
          value: null,
          error: error instanceof Error ? error.message : String(error),
          busy: false,
        }),
    );
    return () => {
      current = false;
    };
    // `load` is a fresh closure at each render; the key says when its meaning changed.
  }, [key, attempt]);

  const retry = useCallback(() => setAttempt((n) => n + 1), []);
  const fresh = state.key === key;
  return {
    value: fresh ? state.value : null,
    error: fresh ? state.error : null,
    loading: key !== null && (!fresh || state.busy),
    retry,
  };
}
