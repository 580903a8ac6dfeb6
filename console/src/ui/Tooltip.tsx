import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement, ReactNode } from "react";
import { classes } from "./classes";

type Side = "top" | "bottom" | "left" | "right";

/** Shows `content` on hover and focus of its one child, which must take props and a ref. */
export function Tooltip({
  content,
  children,
  side = "top",
  className,
}: {
  content: ReactNode;
  children: ReactElement<Record<string, unknown>>;
  side?: Side;
  className?: string;
}) {
  if (content === null || content === undefined || content === "") return children;
  return (
    <Base.Root>
      <Base.Trigger render={children} delay={400} />
      <Base.Portal>
        <Base.Positioner side={side} sideOffset={6} collisionPadding={8} className="floating">
          <Base.Popup className={classes("tip", className)}>{content}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

/** Tooltips inside open at once when another was just open. */
export const TooltipGroup = Base.Provider;
