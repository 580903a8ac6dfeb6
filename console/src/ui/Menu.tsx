import { Menu as Base } from "@base-ui/react/menu";
import { Check, ChevronDown, ChevronRight, type LucideIcon } from "lucide-react";
import { Fragment, type ReactElement, type ReactNode, useMemo, useRef } from "react";
import { Link } from "wouter";
import { classes } from "./classes";
import { Icon } from "./Icon";
import { Tooltip } from "./Tooltip";

export interface MenuEntry {
  key: string;
  label: ReactNode;
  icon?: LucideIcon;
  onSelect?: () => void;
  /** A page of the console or a file; the entry is a link then. */
  href?: string;
  download?: boolean;
  /** Why it does not apply. */
  reason?: string;
  checked?: boolean;
  hint?: ReactNode;
  /** Entries of a menu of its own. */
  entries?: readonly MenuEntry[];
  /** A line above it, with a heading when it is text. */
  above?: boolean | string;
  keepOpen?: boolean;
}

interface MenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  entries: readonly MenuEntry[] | (() => readonly MenuEntry[]);
  align?: "start" | "center" | "end";
  side?: "top" | "bottom" | "left" | "right";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  className?: string;
}

/** Long menus beside what opens them are moved until they are in view whole. */
const BESIDE = { side: "flip", align: "shift", fallbackAxisSide: "none" } as const;

export function Menu({ trigger, entries, align = "end", side = "bottom", open, onOpenChange, className }: MenuProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => onOpenChange?.(next)}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          collisionAvoidance={side === "left" || side === "right" ? BESIDE : undefined}
          className="floating"
        >
          <Base.Popup className={classes("menu", className)}>
            <Entries of={typeof entries === "function" ? entries() : entries} />
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

/** A menu at a point of the window, open as long as it is there. Focus goes back to where it was. */
export function MenuAt({
  x,
  y,
  label,
  entries,
  onClose,
}: {
  x: number;
  y: number;
  label: string;
  entries: readonly MenuEntry[];
  onClose: () => void;
}) {
  const before = useRef(document.activeElement instanceof HTMLElement ? document.activeElement : null);
  const anchor = useMemo(() => ({ getBoundingClientRect: () => DOMRect.fromRect({ x, y }) }), [x, y]);
  return (
    <Base.Root open onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Positioner
          anchor={anchor}
          align="start"
          side="right"
          collisionPadding={8}
          collisionAvoidance={BESIDE}
          className="floating"
        >
          <Base.Popup className="menu" aria-label={label} finalFocus={before}>
            <Entries of={entries} />
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Entries({ of }: { of: readonly MenuEntry[] }) {
  return of.map((entry, at) => (
    <Fragment key={entry.key}>
      {at > 0 && entry.above !== undefined && entry.above !== false && <Base.Separator className="menu-rule" />}
      {typeof entry.above === "string" && (
        <div className="menu-label" role="presentation">
          {entry.above}
        </div>
      )}
      <Entry of={entry} />
    </Fragment>
  ));
}

function Entry({ of: entry }: { of: MenuEntry }) {
  if (entry.entries && !entry.reason)
    return (
      <Base.SubmenuRoot>
        <Base.SubmenuTrigger className="menu-item">
          {entry.icon && <Icon of={entry.icon} size={14} />}
          <span>{entry.label}</span>
          <span className="hint">
            <Icon of={ChevronRight} size={12} />
          </span>
        </Base.SubmenuTrigger>
        <Base.Portal>
          <Base.Positioner sideOffset={2} alignOffset={-4} collisionPadding={8} className="floating">
            <Base.Popup className="menu">
              <Entries of={entry.entries} />
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.SubmenuRoot>
    );
  const inside = (
    <>
      {entry.checked !== undefined && (
        <span style={{ width: 14 }}>{entry.checked && <Icon of={Check} size={14} />}</span>
      )}
      {entry.icon && <Icon of={entry.icon} size={14} />}
      <span className="ellipsis">{entry.label}</span>
      {entry.hint !== undefined && <span className="hint">{entry.hint}</span>}
      {entry.reason && <span className="hidden">{entry.reason}</span>}
    </>
  );
  if (entry.reason)
    return (
      <Tooltip content={entry.reason} side="left">
        <Base.Item className="menu-item" aria-disabled="true" closeOnClick={false}>
          {inside}
        </Base.Item>
      </Tooltip>
    );
  if (entry.href !== undefined)
    return (
      <Base.LinkItem
        className="menu-item"
        closeOnClick
        render={entry.download ? link(entry.href) : <Link href={entry.href} />}
      >
        {inside}
      </Base.LinkItem>
    );
  if (entry.checked !== undefined)
    return (
      <Base.CheckboxItem
        className="menu-item"
        checked={entry.checked}
        closeOnClick={!entry.keepOpen}
        onCheckedChange={() => entry.onSelect?.()}
      >
        {inside}
      </Base.CheckboxItem>
    );
  return (
    <Base.Item className="menu-item" closeOnClick={!entry.keepOpen} onClick={() => entry.onSelect?.()}>
      {inside}
    </Base.Item>
  );
}

function link(href: string) {
  // biome-ignore lint/a11y/useAnchorContent: it is given where it is drawn
  return <a href={href} download />;
}

export interface Option<Value extends string = string> {
  value: Value;
  label: ReactNode;
  reason?: string;
}

/** One of a list, in the look of a filter: label muted, value in ink. */
export function Select<Value extends string>({
  label,
  value,
  options,
  onChange,
  active = false,
}: {
  label: string;
  value: Value;
  options: readonly Option<Value>[];
  onChange: (value: Value) => void;
  active?: boolean;
}) {
  const current = options.find((option) => option.value === value);
  const trigger = (
    <button type="button" className={classes("field", active && "active")}>
      {label} <b>{current?.label ?? value}</b>
      <Icon of={ChevronDown} size={12} />
    </button>
  );
  return (
    <Menu
      trigger={trigger}
      align="start"
      entries={options.map((option) => ({
        key: option.value,
        label: option.label,
        reason: option.reason,
        checked: option.value === value,
        onSelect: () => onChange(option.value),
      }))}
    />
  );
}
