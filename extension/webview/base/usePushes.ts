import { useEffect, useState } from 'preact/hooks';
import { usePanel } from './context';
import type { Push } from './rpc';

/** How many pushes of a type have come: something to be asked again with, when it has changed. */
export function usePushes(type: Push['type']): number {
  const { rpc } = usePanel();
  const [pushes, setPushes] = useState(0);
  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === type) setPushes((n) => n + 1);
      }),
    [rpc, type],
  );
  return pushes;
}
