import { Clock, Hand, History, type LucideIcon, Pause, SkipForward, SquareDashed, Unlink, Zap } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { Tooltip } from "../ui/Tooltip";
import { PRIORITIES, priorityOf, statusTexts } from "./status";

export type Kind = "DIMENSION" | "FACT" | "AGGREGATE" | "SCRIPT";

const KINDS: Record<Kind, ReactNode> = {
  DIMENSION: (
    <>
      <circle cx="8" cy="8" r="5.8" />
      <path d="M8 2.2V8l5 2.9M8 8l-5 2.9" />
    </>
  ),
  FACT: (
    <>
      <rect x="2.5" y="3" width="11" height="10" rx="1.5" />
      <path d="M2.5 6.3h11M2.5 9.7h11" />
    </>
  ),
  AGGREGATE: <path d="M11.5 5V3.5h-7L8.5 8l-4 4.5h7V11" />,
  SCRIPT: (
    <>
      <rect x="2.5" y="3" width="11" height="10" rx="2" />
      <path d="m5.2 6.5 1.8 1.7-1.8 1.7M8.5 10.3h2.5" />
    </>
  ),
};

/** What kind of table or task an object is. `kind`: of the API, null for scripts. */
export const KindIcon = memo(function KindIcon({
  kind,
  size = 14,
}: {
  kind: string | null | undefined;
  size?: number;
}) {
  const t = useTexts(statusTexts);
  const its: Kind = kind === "DIMENSION" || kind === "FACT" || kind === "AGGREGATE" ? kind : "SCRIPT";
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} className="kind" role="img" aria-label={t.kind[its]}>
      {KINDS[its]}
    </svg>
  );
});

/** The sign of fields, in front of their counts. */
export const FieldIcon = memo(function FieldIcon({ size = 14 }: { size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} className="kind" aria-hidden="true">
      <rect x="2.5" y="3" width="11" height="10" rx="1.5" />
      <path d="M6.2 3v10M9.8 3v10" />
    </svg>
  );
});

/** The sign of nodes, in front of their counts. */
export const NodeIcon = memo(function NodeIcon({ size = 14 }: { size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} className="kind" aria-hidden="true">
      <path d="M8 2.2 13 5v6l-5 2.8L3 11V5z" />
      <path d="m3 5 5 2.8L13 5M8 7.8v6" />
    </svg>
  );
});

/** Five bars, as many dark as the priority has, and its name. */
export const PriorityBars = memo(function PriorityBars({
  priority,
  named = true,
}: {
  priority: string;
  named?: boolean;
}) {
  const t = useTexts(statusTexts);
  const code = priorityOf(priority);
  const level = PRIORITIES.indexOf(code);
  return (
    <span className="priority">
      <svg
        viewBox="0 0 18 10"
        width="18"
        height="10"
        role={named ? undefined : "img"}
        aria-label={named ? undefined : t.priority[code]}
        aria-hidden={named || undefined}
      >
        {PRIORITIES.map((each, at) => (
          <rect
            key={each}
            className={at <= level ? "on" : undefined}
            x={at * 3.8}
            y={8 - at * 2}
            width="2.5"
            height={2 + at * 2}
            rx=".5"
          />
        ))}
      </svg>
      {named && t.priority[code]}
    </span>
  );
});

const MARKS: Record<string, LucideIcon> = {
  DRY_RUN: SquareDashed,
  SKIP_EXECUTION: SkipForward,
  PAUSED: Pause,
  SET_TO_SUCCESS: Hand,
  FORCED: Zap,
  UPSTREAM_REMOVED: Unlink,
  DATA_LATENCY: Clock,
  BACKFILLED: History,
};

/** Marks beside an object: neutral, with their names as tooltips. */
export function Marks({ of }: { of: readonly string[] }) {
  const t = useTexts(statusTexts);
  return of.map((mark) => {
    const shape = MARKS[mark];
    if (!shape) return null;
    const name = (t.mark as Record<string, string>)[mark] ?? mark;
    return (
      <Tooltip key={mark} content={name}>
        <span className="mark" role="img" aria-label={name}>
          <Icon of={shape} size={13} />
        </span>
      </Tooltip>
    );
  });
}
