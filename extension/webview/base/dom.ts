import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { RefObject } from 'preact';

export interface Size {
  width: number;
  height: number;
}

/** The content size of an element, kept up to date. */
export function useSize<E extends Element>(): [RefObject<E | null>, Size] {
  const ref = useRef<E>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}

/** False while the panel is a hidden tab: nothing is asked for or drawn then. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(document.visibilityState !== 'hidden');
  useEffect(() => {
    const update = () => setVisible(document.visibilityState !== 'hidden');
    document.addEventListener('visibilitychange', update);
    return () => document.removeEventListener('visibilitychange', update);
  }, []);
  return visible;
}

/** The value as it was when it last stayed unchanged for `delayMs`. */
export function useSettled<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), delayMs);
    return () => window.clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

export const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value));

const TICK_MS = 1000;

/** Nanoseconds since `of` came to be another one, in whole seconds: for ages that go on until the next status. */
export function useElapsed(of: unknown, running: boolean): number {
  const [elapsed, setElapsed] = useState({ of, seconds: 0 });
  useEffect(() => {
    if (!running) return;
    let seconds = 0;
    const timer = window.setInterval(() => setElapsed({ of, seconds: ++seconds }), TICK_MS);
    return () => window.clearInterval(timer);
  }, [of, running]);
  return elapsed.of === of ? elapsed.seconds * 1e9 : 0;
}

/** Class names, the falsy ones left out. */
export const cx = (...names: (string | false | null | undefined)[]): string =>
  names.filter(Boolean).join(' ');
