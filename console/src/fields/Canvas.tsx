import { Lock } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { HUE, type Status } from "../status/status";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Name } from "../ui/pieces";
import { CARD, curve, type Layout, type Place } from "./lineageLayout";

/** The width of an element, followed as it changes. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    setWidth(element.clientWidth);
    return () => watch.disconnect();
  }, [element]);
  return [setElement, width];
}

export interface Line {
  from: string;
  to: string;
  /** Ink instead of pale. */
  strong: boolean;
  dashed?: boolean;
}

/** Cards at their places and the lines between them. */
export function Canvas({ layout, lines, children }: { layout: Layout; lines: readonly Line[]; children: ReactNode }) {
  const drawn = useRef<{ line: Line; from: Place; to: Place }[]>([]);
  drawn.current = lines.flatMap((line) => {
    const from = layout.places.get(line.from);
    const to = layout.places.get(line.to);
    return from && to ? [{ line, from, to }] : [];
  });
  return (
    <div className="lineage-canvas" style={{ width: layout.width, height: layout.height }}>
      <svg width={layout.width} height={layout.height} aria-hidden="true">
        {[...drawn.current]
          .sort((a, b) => Number(a.line.strong) - Number(b.line.strong))
          .map(({ line, from, to }) => (
            <path
              key={`${line.from} ${line.to}`}
              d={curve(from, to)}
              className={classes(line.strong && "strong", line.dashed && "dashed")}
            />
          ))}
      </svg>
      {children}
    </div>
  );
}

/** A heading above a column. */
export function ColumnHead({ x, y = 16, children }: { x: number; y?: number; children: ReactNode }) {
  return (
    <h3 className="lineage-column" style={{ left: x, top: y, width: CARD.width }}>
      {children}
    </h3>
  );
}

/** An object on the canvas: what it is, its status as stripe and glyph, and one line about it. */
export function Card({
  at,
  status,
  icon,
  name,
  note,
  current = false,
  locked = false,
  onSelect,
  glyph,
}: {
  at: Place | undefined;
  status?: Status;
  icon?: ReactNode;
  name: string;
  note: ReactNode;
  current?: boolean;
  /** What it stands for may not be looked at. */
  locked?: boolean;
  onSelect?: () => void;
  glyph?: ReactNode;
}) {
  if (!at) return null;
  const inside = (
    <>
      <span className="row gap-2">
        {locked ? <Icon of={Lock} size={14} /> : icon}
        <Name className="medium grow">{name}</Name>
        {glyph}
      </span>
      <small className="ellipsis" title={typeof note === "string" ? note : undefined}>
        {note}
      </small>
    </>
  );
  const look = classes("lineage-card", status && HUE[status], !status && "plain", locked && "locked");
  const style = { left: at.x, top: at.y, width: CARD.width, height: CARD.height };
  if (!onSelect)
    return (
      <div className={look} style={style}>
        {inside}
      </div>
    );
  return (
    <button type="button" className={look} style={style} aria-pressed={current} onClick={onSelect}>
      {inside}
    </button>
  );
}
