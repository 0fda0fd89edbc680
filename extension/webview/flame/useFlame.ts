import { useRef, useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { FlameQuery, FlameTree } from '../../shared/model';
import { usePanel } from '../base/context';
import { useRequest } from '../base/useRequest';

/** Boxes are drawn for a width of at least this many pixels each, so a tree costs no more than the screen is wide. */
const MOST_NODES = 4000;
const NARROWEST_SHARE = 0.0008;

/** The other side of a comparison; `base` null is the incident's baseline. */
export interface Compared {
  base: ProfileRef | null;
  normalize: boolean;
}

export type Asked = Pick<FlameQuery, 'sample_type' | 'direction' | 'focus' | 'search'>;

export interface Flame {
  /** The latest tree; the old one stays until the zoomed one is there. */
  tree: FlameTree | null;
  error: string | null;
  loading: boolean;
  retry(): void;
  /** The tree is still that of another part. */
  stale: boolean;
  path: string[];
  zoom(path: string[]): void;
  /** Changes when another part of another tree is shown, but not when something is searched for in it. */
  part: string;
}

const NO_PATH: string[] = [];

/** A flame tree, of one profile or of two, and the frame it is zoomed on. */
export function useFlame(profile: ProfileRef, compared: Compared | undefined, asked: Asked): Flame {
  const { rpc } = usePanel();
  const { search, ...shape } = asked;
  return useZoom(JSON.stringify([profile, compared, shape]), search, (part) => {
    const query: FlameQuery = { ...WHOLE, ...asked, ...part, normalize: compared?.normalize ?? false };
    return compared
      ? rpc.ask('flameDiff', { ref: profile, query, base: compared.base })
      : rpc.ask('flame', { ref: profile, query });
  });
}

/** The same memory by subsystem, package and function. */
export function useIcicle(profile: ProfileRef, sampleType: string, search: string): Flame {
  const { rpc } = usePanel();
  return useZoom(JSON.stringify([profile, sampleType]), search, (part) =>
    rpc.ask('icicle', { ref: profile, query: { ...WHOLE, ...part, sample_type: sampleType } }),
  );
}

const WHOLE: FlameQuery = {
  sample_type: null,
  direction: 'callees',
  focus: null,
  path: NO_PATH,
  search: '',
  normalize: false,
  min_share: NARROWEST_SHARE,
  max_nodes: MOST_NODES,
};

/** `whole` tells one tree from another; zooming and searching ask for it again. */
function useZoom(
  whole: string,
  search: string,
  ask: (part: Pick<FlameQuery, 'path' | 'search'>) => Promise<FlameTree>,
): Flame {
  const [zoomed, setZoomed] = useState({ whole, path: NO_PATH });
  // A path belongs to the tree it was taken in: in another one it may lead nowhere.
  const path = zoomed.whole === whole ? zoomed.path : NO_PATH;
  const part = JSON.stringify([whole, path]);
  const answer = useRequest(JSON.stringify([part, search]), () => ask({ path, search }));
  const last = useRef<{ tree: FlameTree; part: string } | null>(null);
  if (answer.value) last.current = { tree: answer.value, part };
  return {
    tree: last.current?.tree ?? null,
    error: answer.error,
    loading: answer.loading,
    retry: answer.retry,
    stale: last.current?.part !== part,
    path,
    zoom: (to) => setZoomed({ whole, path: to }),
    part,
  };
}
