import type { LucideIcon } from "lucide-react";
import { memo } from "react";

/** A line icon in the stroke of the interface. It is decoration: the control around it carries the name. */
export const Icon = memo(function Icon({
  of: Shape,
  size = 16,
  className,
}: {
  of: LucideIcon;
  size?: number;
  className?: string;
}) {
  return (
    <Shape size={size} strokeWidth={size < 14 ? 2 : 1.6} className={className} aria-hidden="true" focusable="false" />
  );
});
