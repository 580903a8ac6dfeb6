import { Search } from "lucide-react";
import { type ComponentPropsWithRef, type ReactNode, useId } from "react";
import { classes } from "./classes";
import { Icon } from "./Icon";
import { Key } from "./pieces";

interface TextProps extends Omit<ComponentPropsWithRef<"input">, "onChange" | "value" | "size"> {
  value: string;
  onChange: (value: string) => void;
  large?: boolean;
  invalid?: boolean;
}

/** One line of text. `aria-label`, or a `Labelled` around it, names it. */
export function TextField({ value, onChange, large, invalid, className, style, ...rest }: TextProps) {
  return (
    <span
      className={classes("field input", large && "large", className)}
      style={style}
      data-invalid={invalid || undefined}
    >
      <input
        spellCheck={false}
        autoComplete="off"
        aria-invalid={invalid || undefined}
        {...rest}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}

/** `shortcut`: the key that leads here, shown while it is empty. */
export function SearchField({
  value,
  onChange,
  shortcut,
  className,
  style,
  ...rest
}: TextProps & { shortcut?: string }) {
  return (
    <span className={classes("field input", className)} style={style}>
      <Icon of={Search} size={14} />
      <input
        type="search"
        spellCheck={false}
        autoComplete="off"
        aria-label={rest.placeholder}
        {...rest}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          rest.onKeyDown?.(event);
          if (event.key === "Escape" && value !== "") {
            event.stopPropagation();
            onChange("");
          }
        }}
      />
      {shortcut && value === "" && <Key>{shortcut}</Key>}
    </span>
  );
}

/** A control with its label above. `children` is given the id that the control must have. */
export function Labelled({
  label,
  children,
  note,
}: {
  label: ReactNode;
  children: (id: string) => ReactNode;
  note?: ReactNode;
}) {
  const id = useId();
  return (
    <div className="labelled">
      <label htmlFor={id} className="t-12 medium soft">
        {label}
      </label>
      {children(id)}
      {note && <small className="t-12 muted">{note}</small>}
    </div>
  );
}
