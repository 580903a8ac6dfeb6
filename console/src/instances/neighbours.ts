import { useSyncExternalStore } from "react";

export interface NeighboursOf {
  instance: number;
  name: string;
}

let open: NeighboursOf | null = null;
const listeners = new Set<() => void>();

/** Asks for the levels, then downloads what is upstream and downstream of an instance. null closes it. */
export function openNeighbours(of: NeighboursOf | null): void {
  open = of;
  for (const listener of listeners) listener();
}

export function useNeighbours(): NeighboursOf | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}
