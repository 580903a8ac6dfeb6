import { duration } from "../texts/format";
import { useServerTime } from "./serverTime";

export interface Span {
  started_at: string | null;
  ended_at: string | null;
  duration_s: number | null;
}

/** How long something ran; while it is not over, how long already. */
export function Lasting({ of }: { of: Span }) {
  if (of.started_at === null || of.ended_at !== null || of.duration_s === null) return duration(of.duration_s);
  return <Already since={of.started_at} least={of.duration_s} />;
}

function Already({ since, least }: { since: string; least: number }) {
  const now = useServerTime();
  return duration(Math.floor(Math.max(least, (now - Date.parse(since)) / 1000)));
}
