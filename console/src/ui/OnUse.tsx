import { cloneElement, type ReactElement, useState } from "react";
import { flushSync } from "react-dom";

/** How something is about to be used: the pointer has come, it has the focus, it was clicked. */
export type Use = "pointer" | "focus" | "click";

/**
 * The quiet look of a control, until it is about to be used; then the control, with how, in its place. For what stands in every row of a long list
 * and costs more than the rest of the row. The control takes the focus (`autoFocus`) and is open already where it was used so.
 */
export function OnUse({
  of,
  quiet,
  children,
}: {
  /** What it acts on; with another one it is quiet again. */
  of: string | number;
  quiet: ReactElement<Record<string, unknown>>;
  children: (use: Use) => ReactElement;
}) {
  const [used, setUsed] = useState<{ of: string | number; use: Use } | null>(null);
  if (used?.of === of) return children(used.use);
  const setUse = (use: Use) => setUsed({ of, use });
  return cloneElement(quiet, {
    // At once: what is pressed next must be the control.
    onPointerEnter: () => flushSync(() => setUse("pointer")),
    onFocus: () => setUse("focus"),
    // After the click is over, or it would close what it opens.
    onClick: () => setTimeout(() => setUse("click")),
  });
}
