import { Popover as Base } from "@base-ui/react/popover";
import type { ComponentProps, ReactElement, ReactNode } from "react";
import { classes } from "./classes";

export interface PopoverProps {
  /** A button; it gets the open state and names of the popover. Without it give `anchor` and `open`. */
  trigger?: ReactElement<Record<string, unknown>>;
  anchor?: ComponentProps<typeof Base.Positioner>["anchor"];
  label: string;
  open?: boolean;
  /** Open from the beginning, where `open` does not say. */
  defaultOpen?: boolean;
  onOpenChange?: (open: boolean) => void;
  side?: "top" | "bottom" | "left" | "right";
  align?: "start" | "center" | "end";
  width?: number;
  className?: string;
  children: ReactNode | ((close: () => void) => ReactNode);
}

/** Opens on click or Enter, closes on Esc and outside, and gives the focus back. Its content is made when it opens. */
export function Popover({
  trigger,
  anchor,
  label,
  open,
  defaultOpen,
  onOpenChange,
  side = "bottom",
  align = "start",
  width,
  className,
  children,
}: PopoverProps) {
  return (
    <Base.Root open={open} defaultOpen={defaultOpen} onOpenChange={(next) => onOpenChange?.(next)}>
      {trigger && <Base.Trigger render={trigger} />}
      <Base.Portal>
        <Base.Positioner
          anchor={anchor}
          side={side}
          align={align}
          sideOffset={6}
          collisionPadding={12}
          className="floating"
        >
          <Base.Popup
            className={classes("popover", className)}
            aria-label={label}
            style={width ? { width } : undefined}
          >
            {typeof children === "function" ? <Closing>{children}</Closing> : children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Closing({ children }: { children: (close: () => void) => ReactNode }) {
  let button: HTMLButtonElement | null = null;
  return (
    <>
      {children(() => button?.click())}
      <Base.Close
        hidden
        tabIndex={-1}
        ref={(element) => {
          button = element;
        }}
      />
    </>
  );
}
