import type { LucideIcon } from "lucide-react";
import { type ComponentPropsWithRef, type ReactNode, useId } from "react";
import { classes } from "./classes";
import { Icon } from "./Icon";
import { Tooltip } from "./Tooltip";

export interface ButtonProps extends Omit<ComponentPropsWithRef<"button">, "disabled"> {
  kind?: "plain" | "primary" | "ghost";
  size?: "small" | "medium" | "large";
  icon?: LucideIcon;
  /** Why the button does not apply. It stays visible and focusable, does nothing, and says this on hover and focus. */
  reason?: ReactNode;
  /** Muted figures after the label: `2 of 3`. */
  count?: ReactNode;
  hint?: ReactNode;
}

export function Button({
  kind = "plain",
  size = "medium",
  icon,
  reason,
  count,
  hint,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  const described = useId();
  const refused = reason !== undefined && reason !== null && reason !== false && reason !== "";
  const button = (
    <button
      type="button"
      {...rest}
      className={classes("button", kind !== "plain" && kind, size !== "medium" && size, className)}
      aria-disabled={refused || undefined}
      aria-describedby={refused ? described : rest["aria-describedby"]}
      onClick={refused ? (event) => event.preventDefault() : onClick}
    >
      {icon && <Icon of={icon} size={size === "small" ? 14 : 16} />}
      {children}
      {count !== undefined && <span className="count">{count}</span>}
      {refused && (
        <span id={described} hidden>
          {reason}
        </span>
      )}
    </button>
  );
  return <Tooltip content={refused ? reason : hint}>{button}</Tooltip>;
}

/** A button of one icon; `label` is its name and tooltip. */
export function IconButton({
  icon,
  label,
  size = "medium",
  kind = "ghost",
  reason,
  className,
  onClick,
  hint,
  ...rest
}: Omit<ButtonProps, "children" | "count" | "icon"> & { icon: LucideIcon; label: string }) {
  const described = useId();
  const refused = reason !== undefined && reason !== null && reason !== false && reason !== "";
  const button = (
    <button
      type="button"
      {...rest}
      aria-label={label}
      className={classes("button icon", kind !== "plain" && kind, size !== "medium" && size, className)}
      aria-disabled={refused || undefined}
      aria-describedby={refused ? described : rest["aria-describedby"]}
      onClick={refused ? (event) => event.preventDefault() : onClick}
    >
      <Icon of={icon} size={size === "small" ? 14 : 16} />
      {refused && (
        <span id={described} hidden>
          {reason}
        </span>
      )}
    </button>
  );
  const tip = refused ? (
    <>
      <b>{label}</b>
      {reason}
    </>
  ) : (
    (hint ?? label)
  );
  return <Tooltip content={tip}>{button}</Tooltip>;
}

export interface Segment<Value extends string> {
  value: Value;
  label: ReactNode;
}

/** A choice among few, all visible. */
export function Segmented<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: readonly Segment<Value>[];
  onChange: (value: Value) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is a block with a legend; this is a group of toggles
    <div className="segmented" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
