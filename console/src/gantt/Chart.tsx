import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronDown, ChevronRight, Minus, Plus } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Link as To } from "wouter";
import type { Schemas } from "../api/client";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { Glyph, StatusText } from "../status/Glyph";
import { NodeIcon } from "../status/kinds";
import { statusOf } from "../status/status";
import { duration, runDay, shortTimeOn, timeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { classes } from "../ui/classes";
import { Name, Tag } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import { DataTable } from "./DataTable";
import {
  type Axis,
  aheadOf,
  bar,
  covered,
  type GanttNode,
  type Link,
  type Other,
  place,
  type Stretch,
  spent,
  stretchesOf,
  stretchesOfNode,
  stretchesOfOther,
  ticks,
  time,
} from "./positions";
import { ganttTexts } from "./texts";

type Gantt = Schemas["Gantt"];

type Row =
  | { kind: "link"; link: Link; before: Link | undefined; stretches: Stretch[]; open: boolean }
  | { kind: "node"; link: Link; node: GanttNode; stretches: Stretch[] }
  | { kind: "section"; title: string; note: string }
  | { kind: "other"; other: Other; stretches: Stretch[] };

const LEFT = 464;
const LINK_ROW = 52;
const NODE_ROW = 30;
const WIDEST = 400_000;

/** Rows of the path with their nodes, on a common axis that can be made wider. */
export function Chart({ gantt, dimmed, runs }: { gantt: Gantt; dimmed: boolean; runs: string }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const day = runDay(runs);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const [factor, setFactor] = useState(1);
  const [asTable, setAsTable] = useState(false);
  const [room, setRoom] = useState(0);
  const [seen, setSeen] = useState({ left: 0, right: 0 });
  const scroller = useRef<HTMLDivElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart is another element after the table
  useLayoutEffect(() => {
    const its = scroller.current;
    if (!its) return;
    const measure = () => {
      setRoom(Math.max(320, its.clientWidth - LEFT));
      setSeen({ left: its.scrollLeft, right: its.scrollLeft + its.clientWidth });
    };
    measure();
    const watcher = new ResizeObserver(measure);
    watcher.observe(its);
    return () => watcher.disconnect();
  }, [asTable]);

  const rows = useMemo<Row[]>(() => {
    const path = gantt.path.flatMap((link, at): Row[] => {
      const before = gantt.path[at - 1];
      const open = opened.has(link.instance);
      return [
        { kind: "link", link, before, stretches: stretchesOf(link, before), open },
        ...(open
          ? link.nodes.map((node): Row => ({ kind: "node", link, node, stretches: stretchesOfNode(node) }))
          : []),
      ];
    });
    if (gantt.others.length === 0) return path;
    const count = gantt.path.filter((link) => link.instance !== 0).length;
    const shown = gantt.others.length;
    return [
      { kind: "section", title: t.path, note: t.nodesOnPath(count) },
      ...path,
      {
        kind: "section",
        title: t.others,
        note: shown < gantt.others_count ? t.othersShown(shown, gantt.others_count) : t.othersNote(shown),
      },
      ...gantt.others.map((other): Row => ({ kind: "other", other, stretches: stretchesOfOther(other) })),
    ];
  }, [gantt, opened, t]);
  const span = useMemo(() => covered(gantt.path), [gantt]);
  const axis: Axis = { ...span, width: Math.min(WIDEST, room * factor) };
  const marks = ticks(axis, seen.left, seen.right, aheadOf(zone, span.start));
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => (rows[at]?.kind === "link" ? LINK_ROW : NODE_ROW),
    getItemKey: (at) => {
      const row = rows[at];
      if (row?.kind === "section") return row.title;
      if (row?.kind === "other") return `${row.other.instance}`;
      return row?.kind === "node" ? `${row.link.instance}/${row.node.node.id}` : `${row?.link.instance}`;
    },
    overscan: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of other heights take their places
  useEffect(() => list.measure(), [rows]);

  const most = gantt.path.reduce((longest, link) => Math.max(longest, link.contribution_s), 0);
  const zoom = (next: number) => {
    const its = scroller.current;
    const wanted = Math.min(WIDEST / Math.max(1, room), Math.max(1, next));
    if (its) {
      // The middle of what is seen stays there.
      const middle = (its.scrollLeft + room / 2) / axis.width;
      requestAnimationFrame(() => {
        its.scrollLeft = middle * room * wanted - room / 2;
      });
    }
    setFactor(wanted);
  };
  const toggle = (id: number) =>
    setOpened((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });

  return (
    <div className={classes("gantt column", dimmed && "dimmed")}>
      <Summary gantt={gantt} day={day}>
        <IconButton
          icon={Minus}
          label={t.zoomOut}
          reason={factor === 1 ? t.whole : undefined}
          onClick={() => zoom(factor / 2)}
        />
        <IconButton icon={Plus} label={t.zoomIn} onClick={() => zoom(factor * 2)} />
        <Button onClick={() => zoom(1)}>{t.fit}</Button>
        <Button onClick={() => setAsTable(!asTable)}>{asTable ? t.showChart : t.showData}</Button>
      </Summary>
      {asTable ? (
        <DataTable gantt={gantt} day={day} />
      ) : (
        <section
          className="gantt-scroll"
          ref={scroller}
          aria-label={t.chart}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
          tabIndex={0}
          onScroll={(event) => {
            const its = event.currentTarget;
            setSeen({ left: its.scrollLeft, right: its.scrollLeft + its.clientWidth });
          }}
        >
          <div className="gantt-head" style={{ width: LEFT + axis.width }}>
            <div className="gantt-left">
              <span>{t.columns.node}</span>
              <span className="right">{t.columns.added}</span>
              <span className="right">{t.columns.waited}</span>
              <span className="right">{t.columns.ran}</span>
            </div>
            <div className="gantt-axis">
              {marks.map((mark) => (
                <span key={mark.at} style={{ left: mark.left, transform: `translateX(max(-50%, ${4 - mark.left}px))` }}>
                  {label(mark.at, mark.step, zone, day)}
                </span>
              ))}
            </div>
          </div>
          <div className="gantt-rows" style={{ width: LEFT + axis.width, height: list.getTotalSize() }}>
            <div className="gantt-lines" style={{ left: LEFT }}>
              {marks.map((mark) => (
                <i key={mark.at} style={{ left: mark.left }} />
              ))}
            </div>
            {list.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={item.key}
                  className={classes("gantt-row", row.kind)}
                  style={{ transform: `translateY(${item.start}px)`, height: item.size }}
                >
                  {row.kind === "link" ? (
                    <LinkRow row={row} axis={axis} most={most} day={day} onToggle={() => toggle(row.link.instance)} />
                  ) : row.kind === "node" ? (
                    <NodeRow row={row} axis={axis} day={day} />
                  ) : row.kind === "other" ? (
                    <OtherRow row={row} axis={axis} day={day} />
                  ) : (
                    <h3 className="gantt-section">
                      <b className="medium">{row.title}</b> <span className="muted">{row.note}</span>
                    </h3>
                  )}
                </div>
              );
            })}
          </div>
        </section>
      )}
    </div>
  );
}

function label(at: number, step: number, zone: string, day: string): string {
  const text = timeOn(at, zone, day);
  if (step < 1000)
    return `${text}.${String(at % 1000)
      .padStart(3, "0")
      .slice(0, 1)}`;
  return step >= 60_000 ? text.slice(0, -3) : text;
}

function Summary({ gantt, day, children }: { gantt: Gantt; day: string; children: ReactNode }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const last = gantt.path[gantt.path.length - 1];
  const parts = spent(gantt.path);
  const blocked = gantt.path.some((link) => link.blocked);
  return (
    <div className="gantt-summary">
      <div>
        <span className="t-12 muted">{last?.predicted ? t.expectedEnd : t.finished}</span>
        <b className="figure">{timeOn(last?.end, zone, day)}</b>
        {blocked && (
          <span className="t-12 s-warn gantt-warn">
            <Glyph status="warning" size={12} label="" />
            {t.earliest}
          </span>
        )}
      </div>
      <div>
        <span className="t-12 muted">{t.total}</span>
        <b className="figure">{duration(gantt.total_s)}</b>
        <span className="t-12 muted">{t.nodesOnPath(gantt.path.filter((link) => link.instance !== 0).length)}</span>
      </div>
      <div className="grow">
        <span className="t-12 muted">{t.where(duration(gantt.total_s))}</span>
        <div className="gantt-spent">
          {parts.map((part) => (
            <i key={part.phase} className={`ph-${part.phase}`} style={{ flexGrow: part.seconds }} />
          ))}
        </div>
        <ul className="gantt-legend">
          {parts.map((part) => (
            <li key={part.phase}>
              <i className={`ph-${part.phase}`} />
              {t.phase[part.phase]} <b className="medium">{duration(part.seconds)}</b>
            </li>
          ))}
        </ul>
      </div>
      <div className="row gap-1 gantt-actions">{children}</div>
    </div>
  );
}

function LinkRow({
  row,
  axis,
  most,
  day,
  onToggle,
}: {
  row: Extract<Row, { kind: "link" }>;
  axis: Axis;
  most: number;
  day: string;
  onToggle: () => void;
}) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const { link, before } = row;
  const isRoot = link.instance === 0;
  const status = link.statuses[0] ? statusOf(link.statuses[0]) : null;
  const share = most > 0 ? link.contribution_s / most : 0;
  return (
    <>
      <div className="gantt-left">
        <div className="gantt-name">
          {link.nodes.length > 0 ? (
            <IconButton
              icon={row.open ? ChevronDown : ChevronRight}
              size="small"
              label={row.open ? t.hideNodes(link.name) : t.showNodes(link.name)}
              aria-expanded={row.open}
              onClick={onToggle}
            />
          ) : (
            <span className="gantt-stub" />
          )}
          {status && <Glyph status={status} size={14} />}
          <div className="grow gantt-what">
            {isRoot || !link.visible ? (
              <Name className="medium">{link.name}</Name>
            ) : (
              <To href={inEnvironment(`/instances/${link.instance}/dag`, environment)}>
                <Name className="medium">{link.name}</Name>
              </To>
            )}
            <span className="muted t-11 ellipsis">
              {isRoot
                ? t.rootRow
                : link.visible
                  ? `${link.instance}, ${timeOn(link.due_at, zone, day)}`
                  : t.noRole(link.project)}
            </span>
          </div>
          {link.blocked && (
            <Tooltip content={t.blockedNote}>
              <Tag>{t.blocked}</Tag>
            </Tooltip>
          )}
        </div>
        <span className="right gantt-added">
          <b className="semi">{before ? duration(link.contribution_s) : duration(null)}</b>
          {share > 0 && <i style={{ width: Math.max(2, share * 64) }} />}
        </span>
        <span className="right soft">{before ? duration(link.gap_s) : duration(null)}</span>
        <span className="right soft">{before ? duration(link.run_s) : duration(null)}</span>
      </div>
      <div className="gantt-track">
        {before && time(before.end) >= axis.start && <Arrow from={time(before.end)} axis={axis} />}
        {row.stretches.map((stretch) => (
          <Bar key={`${stretch.phase} ${stretch.start}`} stretch={stretch} axis={axis} day={day} named />
        ))}
        {isRoot && time(link.end) >= axis.start && (
          <i className="gantt-point" style={{ left: place(time(link.end), axis) }} />
        )}
      </div>
    </>
  );
}

function NodeRow({ row, axis, day }: { row: Extract<Row, { kind: "node" }>; axis: Axis; day: string }) {
  const t = useTexts(ganttTexts);
  const { node } = row;
  const ran = node.segments.filter((segment) => segment.phase === "RUN").reduce((sum, each) => sum + each.seconds, 0);
  return (
    <>
      <div className="gantt-left">
        <div className="gantt-name nested">
          <StatusText status={statusOf(node.node.status, { paused: node.node.paused })} size={12}>
            {""}
          </StatusText>
          <NodeIcon />
          <Name className={node.decisive ? "medium" : undefined}>{node.node.name}</Name>
          {node.decisive && <Tag>{t.decisive}</Tag>}
        </div>
        <span />
        <span />
        <span className="right muted">{duration(ran || null)}</span>
      </div>
      <div className={classes("gantt-track", !node.decisive && "faded")}>
        {row.stretches.map((stretch) => (
          <Bar key={`${stretch.phase} ${stretch.start}`} stretch={stretch} axis={axis} day={day} />
        ))}
      </div>
    </>
  );
}

function OtherRow({ row, axis, day }: { row: Extract<Row, { kind: "other" }>; axis: Axis; day: string }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const { other } = row;
  const status = other.statuses[0] ? statusOf(other.statuses[0]) : null;
  const ran = (time(other.end) - time(other.start)) / 1000;
  return (
    <>
      <div className="gantt-left">
        <div className="gantt-name">
          <span className="gantt-stub" />
          {status && <Glyph status={status} size={14} />}
          {other.visible ? (
            <>
              <To href={inEnvironment(`/instances/${other.instance}/dag`, environment)}>
                <Name>{other.name}</Name>
              </To>
              <span className="muted t-11">{shortTimeOn(other.due_at, zone, day)}</span>
            </>
          ) : (
            <Tooltip content={t.noRole(other.project)}>
              <span>
                <Name className="muted">{other.name}</Name>
              </span>
            </Tooltip>
          )}
        </div>
        <span />
        <span />
        <span className="right muted">{other.visible ? duration(ran || null) : ""}</span>
      </div>
      <div className="gantt-track faded">
        {row.stretches.map((stretch) => (
          <Bar key={`${stretch.phase} ${stretch.start}`} stretch={stretch} axis={axis} day={day} />
        ))}
      </div>
    </>
  );
}

function Bar({ stretch, axis, day, named = false }: { stretch: Stretch; axis: Axis; day: string; named?: boolean }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const its = bar(stretch, axis);
  if (!its) return null;
  const length = duration((stretch.end - stretch.start) / 1000);
  const words = `${t.phase[stretch.phase]}, ${timeOn(stretch.start, zone, day)} – ${timeOn(stretch.end, zone, day)}, ${length}`;
  return (
    <>
      <i className={`gantt-bar ph-${stretch.phase}`} style={its} title={words} />
      {named && its.width > 44 && (
        <span className="gantt-length" style={its}>
          {stretch.phase === "EXPECTED" ? t.expected(length) : length}
        </span>
      )}
    </>
  );
}

/** From the end of the bar above down to where this one begins. */
function Arrow({ from, axis }: { from: number; axis: Axis }) {
  return (
    <svg className="gantt-arrow" width="9" height="34" style={{ left: place(from, axis) - 4.5 }} aria-hidden="true">
      <path d="M4.5 0V30" />
      <path d="M1 26.5 4.5 33 8 26.5z" className="tip" />
    </svg>
  );
}
