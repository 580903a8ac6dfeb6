import type { ComponentPropsWithRef } from "react";
import { number, useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Glyph } from "./Glyph";
import { FieldIcon, NodeIcon } from "./kinds";
import { counts, HUE, type Status, statusTexts } from "./status";

/** `glyph count`. The figure is drawn only: names that are read say it in words. */
export function StatusCount({ status, count, size = 12 }: { status: Status; count: number; size?: 12 | 14 }) {
  return (
    <span className={classes("count-of", HUE[status])} aria-hidden="true">
      <Glyph status={status} size={size} label="" />
      <span data-count={number(count)} />
    </span>
  );
}

interface CountsProps extends ComponentPropsWithRef<"button"> {
  of: "fields" | "nodes";
  /** Numbers by class, as the API gives them. */
  numbers: Readonly<Record<string, number>>;
  waiting?: readonly string[];
  paused?: number;
  most?: number;
  /** A button, to open a popover; otherwise only shown. */
  button?: boolean;
}

/** Fields or nodes by status: their sign, then `glyph count` each. Its name is in words: "12 fields succeeded". */
export function Counts({ of, numbers, waiting, paused, most, button = false, className, ...rest }: CountsProps) {
  const t = useTexts(statusTexts);
  const { shown, rest: hidden } = counts(numbers, { waiting, paused, most });
  if (shown.length === 0) return null;
  const words = shown.map((each) => t[of](each.count, t.name[each.status]));
  if (hidden > 0) words.push(t.more(hidden));
  const Sign = of === "fields" ? FieldIcon : NodeIcon;
  const inside = (
    <>
      <Sign />
      {shown.map((each) => (
        <StatusCount key={each.code} status={each.status} count={each.count} />
      ))}
      {hidden > 0 && (
        <span className="muted t-12" aria-hidden="true">
          +{hidden}
        </span>
      )}
      {!button && <span className="hidden">{words.join(", ")}</span>}
    </>
  );
  if (!button) return <span className={classes("counts", className)}>{inside}</span>;
  return (
    <button type="button" {...rest} className={classes("counts", className)} aria-label={words.join(", ")}>
      {inside}
    </button>
  );
}
