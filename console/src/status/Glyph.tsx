import { memo, type ReactNode } from "react";
import { useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { HUE, type Status, statusTexts } from "./status";

const SHIELD = "M8 1.6 13.4 3.6V8c0 3.2-2.2 5.3-5.4 6.4C4.8 13.3 2.6 11.2 2.6 8V3.6z";

/** Silhouettes on a grid of 16. What is cut out of a filled shape is drawn in the colour of the ground. */
const SHAPES: Record<Status, ReactNode> = {
  succeeded: (
    <>
      <circle cx="8" cy="8" r="6.5" fill="currentColor" />
      <path className="knock" d="m5 8.3 2.1 2.1L11 6.2" strokeWidth="1.7" />
    </>
  ),
  failed: (
    <>
      <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2.8" fill="currentColor" />
      <path className="knock" d="m5.6 5.6 4.8 4.8M10.4 5.6l-4.8 4.8" strokeWidth="1.7" />
    </>
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="5.7" stroke="currentColor" strokeWidth="1.8" opacity=".28" />
      <path className="turning" d="M8 2.3A5.7 5.7 0 0 1 13.7 8" stroke="currentColor" strokeWidth="2" />
      <path d="M6.7 5.7v4.6L10.3 8z" fill="currentColor" />
    </>
  ),
  waiting: (
    <>
      <circle cx="8" cy="8" r="5.9" stroke="currentColor" strokeWidth="1.6" />
      <path d="M8 4.8v3.4l2.2 1.4" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
  throttled: (
    <>
      <path d="M2.5 11.8a6.2 6.2 0 1 1 11 0z" stroke="currentColor" strokeWidth="1.6" />
      <path d="m8 9.6 2.4-3" stroke="currentColor" strokeWidth="1.6" />
    </>
  ),
  resources: (
    <>
      <path d="M4 2.3h8M4 13.7h8" stroke="currentColor" strokeWidth="1.6" />
      <path d="M5 2.5c0 3.2 6 7.8 6 11M11 2.5c0 3.2-6 7.8-6 11" stroke="currentColor" strokeWidth="1.5" />
    </>
  ),
  notRunning: (
    <circle
      cx="8"
      cy="8"
      r="5.8"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeDasharray="2.4 2.15"
      strokeLinecap="butt"
    />
  ),
  paused: (
    <>
      <circle cx="8" cy="8" r="6.5" fill="currentColor" />
      <path className="knock" d="M6.3 5.6v4.8M9.7 5.6v4.8" strokeWidth="1.8" />
    </>
  ),
  warning: (
    <>
      <path
        d="M8 1.9c.5 0 .9.25 1.15.7l5.2 9.4c.5.9-.1 2-1.15 2H2.8c-1.05 0-1.65-1.1-1.15-2l5.2-9.4C7.1 2.15 7.5 1.9 8 1.9z"
        fill="currentColor"
      />
      <path className="knock" d="M8 6v3.6M8 11.7h.01" strokeWidth="1.6" />
    </>
  ),
  safe: (
    <>
      <path d={SHIELD} fill="currentColor" />
      <path className="knock" d="m5.5 8 1.9 1.9 3.2-3.7" strokeWidth="1.6" />
    </>
  ),
  broken: <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2.8" fill="currentColor" />,
};

/** A status as its silhouette. `label` names it, "" when a text beside it does; without it the status' own name is used. */
export const Glyph = memo(function Glyph({
  status,
  size = 14,
  label,
}: {
  status: Status;
  size?: 12 | 14 | 16 | 20;
  label?: string;
}) {
  const t = useTexts(statusTexts);
  const name = label ?? t.name[status];
  return (
    <svg
      viewBox="0 0 16 16"
      width={size}
      height={size}
      className={classes("glyph", HUE[status])}
      role={name ? "img" : undefined}
      aria-label={name || undefined}
      aria-hidden={name ? undefined : true}
    >
      {SHAPES[status]}
    </svg>
  );
});

/** Glyph and name. `note` follows muted: `reason`, or where it waits. */
export function StatusText({
  status,
  children,
  size = 14,
}: {
  status: Status;
  children?: ReactNode;
  size?: 12 | 14 | 16 | 20;
}) {
  const t = useTexts(statusTexts);
  return (
    <span className={classes("status", HUE[status])}>
      <Glyph status={status} size={size} label="" />
      <span className="ellipsis">{children ?? t.name[status]}</span>
    </span>
  );
}

/** Glyph and name on the soft ground of the status, for the head of a page. */
export function StatusPill({ status, children }: { status: Status; children?: ReactNode }) {
  const t = useTexts(statusTexts);
  return (
    <span className={classes("pill", HUE[status])}>
      <Glyph status={status} label="" />
      {children ?? t.name[status]}
    </span>
  );
}
