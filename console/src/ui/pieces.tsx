import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ComponentPropsWithRef, ReactNode } from "react";
import { Button } from "./Button";
import { classes } from "./classes";
import { Icon } from "./Icon";
import { split } from "./text";

export function Key({ children }: { children: ReactNode }) {
  return <kbd className="key">{children}</kbd>;
}

/** `Ctrl K`, `?`, `Shift R`: one cap a word. */
export function Keys({ of }: { of: string }) {
  return (
    <span className="keys">
      {of.split(" ").map((each) => (
        <Key key={each}>{each.length === 1 ? each.toUpperCase() : each}</Key>
      ))}
    </span>
  );
}

export function Tag({ children, className, ...rest }: ComponentPropsWithRef<"span">) {
  return (
    <span {...rest} className={classes("tag", className)}>
      {children}
    </span>
  );
}

/** A toggle among filters; without `onPress` it is only shown. */
export function Chip({
  pressed,
  onPress,
  children,
  ...rest
}: { pressed?: boolean; onPress?: () => void } & ComponentPropsWithRef<"button">) {
  if (!onPress) return <span className="chip">{children}</span>;
  return (
    <button type="button" {...rest} className="chip" aria-pressed={pressed ?? false} onClick={onPress}>
      {children}
    </button>
  );
}

export function Avatar({ name }: { name: string }) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const initials = words.length > 1 ? `${words[0]?.[0] ?? ""}${words[1]?.[0] ?? ""}` : name.slice(0, 2);
  return (
    <span className="avatar" title={name}>
      <span aria-hidden="true" data-initials={initials.toUpperCase()} />
      <span className="hidden">{name}</span>
    </span>
  );
}

/** A name that is cut in the middle when there is no room, so that its end stays. */
export function Name({ children, className }: { children: string; className?: string }) {
  const [head, tail] = split(children);
  return (
    <span className={classes("middle", className)} title={children}>
      <span aria-hidden={tail !== "" || undefined}>{head}</span>
      {tail && <span aria-hidden="true">{tail}</span>}
      {tail && <span className="hidden">{children}</span>}
    </span>
  );
}

export function Empty({
  icon,
  title,
  children,
  action,
}: {
  icon?: LucideIcon;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="empty">
      {icon && <Icon of={icon} size={24} />}
      <h3>{title}</h3>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

export interface ErrorLine {
  id?: number | string;
  name: string;
  reason?: string;
}

/** What went wrong, above what is still shown. */
export function ErrorBar({
  message,
  items,
  action,
  onRetry,
  retry,
}: {
  message: ReactNode;
  items?: readonly ErrorLine[];
  action?: ReactNode;
  onRetry?: () => void;
  retry?: string;
}) {
  return (
    <div className="error-bar" role="alert">
      <Icon of={CircleAlert} size={14} />
      <div className="grow">
        {message}
        {items && items.length > 0 && (
          <ul>
            {items.map((item) => (
              <li key={`${item.id}-${item.name}`}>{[item.name, item.reason].filter(Boolean).join(": ")}</li>
            ))}
          </ul>
        )}
      </div>
      {action}
      {onRetry && (
        <Button size="small" onClick={onRetry}>
          {retry}
        </Button>
      )}
    </div>
  );
}

const WIDTHS = ["38%", "22%", "30%", "26%", "34%", "20%", "28%", "24%"];

/** Rows to come; shown after 150 ms, so that quick answers do not flicker. */
export function SkeletonRows({ rows = 8, label }: { rows?: number; label: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity
        <div key={row}>
          <i style={{ width: WIDTHS[row % WIDTHS.length] }} />
          <i style={{ width: "12%" }} />
          <i style={{ width: "18%" }} />
        </div>
      ))}
    </div>
  );
}
