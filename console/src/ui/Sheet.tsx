import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { IconButton } from "./Button";
import { classes } from "./classes";

interface SheetProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Name of the button that closes it. */
  close: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** The buttons at the end. */
  foot?: ReactNode;
  width?: number;
  className?: string;
  /** Without it the content fills the sheet to its edges. */
  padded?: boolean;
  /** Whether the focus goes back to where it was when the sheet closes; it does, unless this says no. */
  givesBack?: () => boolean;
  children: ReactNode;
}

/** A question or a form in the middle of the page, over everything. The element with `data-first` has the focus first. */
export function Dialog({
  open,
  onClose,
  title,
  close,
  aside,
  foot,
  width,
  className,
  padded = true,
  givesBack,
  children,
}: SheetProps) {
  return (
    <Sheet open={open} onClose={onClose} className={classes("dialog", className)} width={width} givesBack={givesBack}>
      <Head title={title} aside={aside} close={close} />
      {padded ? <div className="sheet-body">{children}</div> : children}
      {foot && <div className="sheet-foot">{foot}</div>}
    </Sheet>
  );
}

/** At the right edge, full height, over the page. */
export function Panel({
  open,
  onClose,
  title,
  close,
  aside,
  foot,
  width,
  className,
  padded = true,
  givesBack,
  children,
}: SheetProps) {
  return (
    <Sheet open={open} onClose={onClose} className={classes("drawer", className)} width={width} givesBack={givesBack}>
      <Head title={title} aside={aside} close={close} />
      {padded ? <div className="sheet-body">{children}</div> : children}
      {foot && <div className="sheet-foot">{foot}</div>}
    </Sheet>
  );
}

function Sheet({
  open,
  onClose,
  className,
  width,
  givesBack,
  children,
}: {
  open: boolean;
  onClose: () => void;
  className: string;
  width?: number;
  givesBack?: () => boolean;
  children: ReactNode;
}) {
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Base.Root
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <Base.Portal>
        <Base.Backdrop className="scrim" />
        <Base.Popup
          className={className}
          style={width ? { width } : undefined}
          ref={popup}
          finalFocus={givesBack}
          initialFocus={() => popup.current?.querySelector<HTMLElement>("[data-first]") ?? popup.current}
        >
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function Head({ title, aside, close }: { title: ReactNode; aside?: ReactNode; close: string }) {
  return (
    <div className="sheet-head">
      <Base.Title className="grow">{title}</Base.Title>
      {aside}
      <Base.Close render={<IconButton icon={X} label={close} />} />
    </div>
  );
}

/** A drawer beside the content, in the flow of the page: nothing is covered, the page stays usable. */
export function Drawer({
  label,
  onClose,
  title,
  close,
  aside,
  foot,
  width = 376,
  children,
}: { label: string } & Omit<SheetProps, "open" | "className" | "padded">) {
  return (
    <aside
      className="drawer-beside column"
      aria-label={label}
      style={{ width }}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) {
          event.stopPropagation();
          onClose();
        }
      }}
    >
      <div className="sheet-head">
        <h2 className="grow ellipsis">{title}</h2>
        {aside}
        <IconButton icon={X} label={close} onClick={onClose} />
      </div>
      <div className="sheet-body">{children}</div>
      {foot && <div className="sheet-foot">{foot}</div>}
    </aside>
  );
}
