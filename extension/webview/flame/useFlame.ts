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
  path: string[];
  zoom(path: string[]): void;
  /** Changes when another part of another tree is shown, but not when something is searched for in it. */
  part: string;
}

const NO_PATH: string[] = [];

/** A flame tree and the frame it is zoomed on. */
export function useFlame(profile: ProfileRef, compared: Compared | undefined, asked: Asked): Flame {
  const { rpc } = usePanel();
  const whole = JSON.stringify([profile, compared, { ...asked, search: '' }]);
  const [zoomed, setZoomed] = useState({ whole, path: NO_PATH });
  // A path belongs to the tree it was taken in: in another one it may lead nowhere.
  const path = zoomed.whole === whole ? zoomed.path : NO_PATH;
  const part = JSON.stringify([whole, path]);
  const answer = useRequest(JSON.stringify([part, asked.search]), () => {
    const query: FlameQuery = {
      ...asked,
      path,
      normalize: compared?.normalize ?? false,
      min_share: NARROWEST_SHARE,
      max_nodes: MOST_NODES,
    };
    return compared
      ? rpc.ask('flameDiff', { ref: profile, query, base: compared.base })
      : rpc.ask('flame', { ref: profile, query });
  });
  const last = useRef<{ tree: FlameTree; part: string } | null>(null);
  if (answer.value) last.current = { tree: answer.value, part };
  return {
    tree: last.current?.tree ?? null,
    error: answer.error,
    loading: answer.loading,
    retry: answer.retry,
    path,
    zoom: (to) => {
      // Back is always possible; further in only from the tree that is shown, not while another one replaces it.
      if (to.length < path.length || last.current?.part === part) setZoomed({ whole, path: to });
    },
    part,
  };
}
