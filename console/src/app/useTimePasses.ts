import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Session } from "./session";

const MINUTE_MS = 60_000;
/** Begin the keys of answers that time alone makes old: what is late, what is expected, what waits for its time. */
const OF_TIME = new Set<unknown>(["instances", "around", "overview"]);

/** The stream tells what happens, not that time passes: once a minute, in a rehearsal when the time was set, what depends on it is read anew. */
export function useTimePasses(client: QueryClient, { now, rehearsal }: Session): void {
  const set = rehearsal ? now : "";
  const last = useRef(set);
  useEffect(() => {
    const renew = () => {
      if (!document.hidden) void client.invalidateQueries({ predicate: ({ queryKey }) => OF_TIME.has(queryKey[0]) });
    };
    if (last.current !== set) renew();
    last.current = set;
    if (set) return;
    const timer = setInterval(renew, MINUTE_MS);
    return () => clearInterval(timer);
  }, [client, set]);
}
