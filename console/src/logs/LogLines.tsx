import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Schemas } from "../api/client";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { classes } from "../ui/classes";
import { atEnd, parted } from "./lines";
import { logTexts } from "./texts";
import { useLines } from "./useLog";

const LINE = 18;

/** The lines of a log as far as they are in view. It follows the end until somebody scrolls up. `found`: the match to show, by its line. */
export function LogLines({
  node,
  serial,
  end,
  label,
  wanted,
  found,
}: {
  node: number;
  serial: number;
  end: Schemas["LogLines"];
  label: string;
  /** What is looked for. */
  wanted: string;
  found: number | undefined;
}) {
  const t = useTexts(logTexts);
  const scroller = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  const virtual = useVirtualizer({
    count: end.lines,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 40,
    paddingStart: 12,
    paddingEnd: 24,
  });
  const items = virtual.getVirtualItems();
  const lineAt = useLines(node, serial, end, items[0]?.index ?? 0, items.at(-1)?.index ?? -1);
  const widest = useRef(0);
  for (const { index } of items) widest.current = Math.max(widest.current, lineAt(index)?.length ?? 0);
  const top = useRef(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows when there are more lines
  useLayoutEffect(() => {
    const element = scroller.current;
    if (following && element) element.scrollTop = element.scrollHeight;
  }, [following, end.lines]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another match moves the view
  useEffect(() => {
    if (found === undefined) return;
    setFollowing(false);
    virtual.scrollToIndex(found - 1, { align: "center" });
  }, [found]);
  return (
    <div className="log-frame">
      <div
        className="log"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        tabIndex={0}
        role="log"
        aria-label={label}
        aria-live={end.live && following ? "polite" : "off"}
        onScroll={(event) => {
          const { scrollTop, clientHeight, scrollHeight } = event.currentTarget;
          // Lines that come push the end away: only a movement upwards stops following.
          if (atEnd(scrollTop, clientHeight, scrollHeight)) setFollowing(true);
          else if (scrollTop < top.current) setFollowing(false);
          top.current = scrollTop;
        }}
      >
        <div style={{ height: virtual.getTotalSize(), minWidth: `calc(${widest.current}ch + 72px + var(--s6))` }}>
          {items.map(({ index, start }) => (
            <div
              key={index}
              className={classes(
                "log-line",
                end.error_line > 0 && index >= end.error_line - 1 && "wrong",
                found === index + 1 && "found",
              )}
              style={{ transform: `translateY(${start}px)` }}
            >
              <i aria-hidden="true">{index + 1}</i>
              <code>
                {parted(lineAt(index) ?? "", wanted).map((part, at) =>
                  // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
                  at % 2 ? <mark key={at}>{part}</mark> : part,
                )}
              </code>
            </div>
          ))}
        </div>
      </div>
      {!following && (
        <Button className="log-jump" size="small" icon={ArrowDown} onClick={() => setFollowing(true)}>
          {t.jump}
        </Button>
      )}
    </div>
  );
}
