import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { type Change, useChanges } from "../api/live";

/** Changes within this time are read in one go (ms); after a reading it rests for three times as long as that took. */
const GATHER_MS = 300;

/** Whether a change touches something of a picture, or may add to it. */
export function touches(
  change: Pick<Change, "instances" | "nodes" | "generated">,
  shown: ReadonlySet<number>,
): boolean {
  return (
    change.generated.length > 0 ||
    change.instances.some((id) => shown.has(id)) ||
    change.nodes.some((node) => node.instances.some((id) => shown.has(id)))
  );
}

/**
 * Reads a picture anew when something that it shows changes. A large one takes its time: a reading under way is never broken off, so that it
 * comes to an end however much goes on.
 */
export function useFollow(key: readonly unknown[], shown: ReadonlySet<number>): void {
  const client = useQueryClient();
  const its = useRef({ key, shown, timer: undefined as ReturnType<typeof setTimeout> | undefined, waits: false });
  its.current.key = key;
  its.current.shown = shown;
  const later = useCallback(() => {
    const now = its.current;
    if (now.timer !== undefined) {
      now.waits = true;
      return;
    }
    now.timer = setTimeout(async () => {
      now.waits = false;
      const began = performance.now();
      await client.refetchQueries({ queryKey: now.key, type: "active" }, { cancelRefetch: false });
      now.timer = setTimeout(
        () => {
          now.timer = undefined;
          if (now.waits) later();
        },
        3 * (performance.now() - began),
      );
    }, GATHER_MS);
  }, [client]);
  useChanges(
    useCallback(
      (change: Change) => {
        if (touches(change, its.current.shown)) later();
      },
      [later],
    ),
  );
  useEffect(() => () => clearTimeout(its.current.timer), []);
}
