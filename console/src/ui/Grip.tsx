import type { KeyboardEvent, PointerEvent } from "react";
import type { Column } from "./columns";

const STEP = 8;
const MOST = 640;

/** The edge of a head, by which its column is made wider or narrower: dragged, or with the arrow keys. A double click, or Home, lets it fit its contents. */
export function Grip<Row>({
  column,
  label,
  onWidth,
}: {
  column: Column<Row>;
  label: string | undefined;
  onWidth: (key: string, width: number | null) => void;
}) {
  const least = column.least ?? STEP;
  const set = (width: number) => onWidth(column.key, Math.round(Math.min(MOST, Math.max(least, width))));
  function onPointerDown(event: PointerEvent<HTMLSpanElement>) {
    if (event.button !== 0) return;
    event.preventDefault();
    const grip = event.currentTarget;
    const from = event.clientX;
    const before = column.width;
    grip.setPointerCapture(event.pointerId);
    const move = (now: globalThis.PointerEvent) => set(before + now.clientX - from);
    const end = () => {
      grip.removeEventListener("pointermove", move);
      grip.removeEventListener("lostpointercapture", end);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end);
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "ArrowRight") set(column.width + STEP);
    else if (event.key === "ArrowLeft") set(column.width - STEP);
    else if (event.key === "Home") onWidth(column.key, null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: a separator that moves is not a rule between paragraphs
    <span
      className="grip"
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={column.width}
      aria-valuemin={least}
      aria-valuemax={MOST}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onDoubleClick={() => onWidth(column.key, null)}
      onKeyDown={onKeyDown}
    />
  );
}
