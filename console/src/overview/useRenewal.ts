import { useCallback, useEffect, useRef } from "react";
import { type Change, useChanges } from "../api/live";
import type { Environment } from "../app/url";

/** The least time between two answers (ms): counting at every change would keep the server busy when much happens. */
const REST_MS = 2_000;

/** Asks again when something of the environment changes: soon after the first change, and at most once in a while however much happens. */
export function useRenewal(environment: Environment, ask: () => void): void {
  const asked = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const now = useRef(ask);
  now.current = ask;
  useEffect(() => () => clearTimeout(timer.current), []);
  useChanges(
    useCallback(
      (change: Change) => {
        if (change.environment !== environment || timer.current !== undefined) return;
        const rest = Math.max(300, asked.current + REST_MS - performance.now());
        timer.current = setTimeout(() => {
          timer.current = undefined;
          asked.current = performance.now();
          now.current();
        }, rest);
      },
      [environment],
    ),
  );
}
