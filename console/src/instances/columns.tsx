import { FileText, RotateCw, Workflow } from "lucide-react";
import { createContext, useContext } from "react";
import { Link } from "wouter";
import { Lasting } from "../app/Lasting";
import { type Environment, inEnvironment } from "../app/url";
import { openOperation } from "../operation/open";
import { StatusText } from "../status/Glyph";
import { KindIcon, Marks, PriorityBars } from "../status/kinds";
import { statusOf } from "../status/status";
import { bizdate, NONE, runDay, shortTimeOn, timeOn } from "../texts/format";
import { IconButton } from "../ui/Button";
import { Checkbox } from "../ui/Choice";
import type { Column } from "../ui/columns";
import { Avatar, Name, Tag } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import type { Tab } from "./filters";
import { MoreButton } from "./MoreButton";
import { headRoom, type Rooms } from "./rooms";
import { StatusCell } from "./StatusPopover";
import type { instanceTexts } from "./texts";
import type { Line } from "./windows";

/** What cells need to know beside their row. */
export interface Around {
  t: (typeof instanceTexts)["en"];
  zone: string;
  environment: Environment;
  tab: Tab;
  /** Pixels that the contents need, and those that the user chose instead. */
  rooms: Rooms;
  widths: Rooms;
  /** Only what a narrow window has room for. */
  isNarrow: boolean;
  today: string;
  onSelect: (line: Line, index: number, range: boolean) => void;
}

/** What changes while the rows stay: only the cells that show it are drawn again then. */
export interface Known {
  /** `English name (Chinese name)` and mode by project. */
  projects: ReadonlyMap<string, { title: string; mode: string }>;
  /** Why an instance cannot be rerun, as far as the server said. */
  notRerun: ReadonlyMap<number, string>;
  selected: ReadonlyMap<number, Line>;
  selectAll: { checked: boolean; mixed: boolean; reason?: string; toggle: () => void };
}

export const KnownPlace = createContext<Known | null>(null);

function useKnown(): Known {
  const found = useContext(KnownPlace);
  if (found === null) throw new Error("rows stand in a KnownPlace");
  return found;
}

/** Columns that can be hidden, in their order. */
export const OPTIONAL: Record<Tab, readonly string[]> = {
  modeling: [
    "status",
    "cycle",
    "bizdate",
    "due",
    "start",
    "end",
    "duration",
    "priority",
    "owner",
    "project",
    "tags",
    "retries",
  ],
  scripts: [
    "status",
    "cycle",
    "bizdate",
    "due",
    "start",
    "end",
    "duration",
    "priority",
    "owner",
    "project",
    "tags",
    "retries",
    "group",
  ],
};
/** All that a narrow window shows besides the name. */
export const NARROW: readonly string[] = ["status", "due"];
export const HIDDEN_AT_FIRST: readonly string[] = ["retries", "group"];

// The same in every row, so that they need not be compared.
const DAG_ICON = <Workflow size={14} strokeWidth={1.5} aria-hidden="true" />;
const LOG_ICON = <FileText size={14} strokeWidth={1.5} aria-hidden="true" />;
const DASH = <span className="muted">{NONE}</span>;

function orDash(text: string) {
  return text === NONE ? DASH : text;
}

export function columnsOf(around: Around, hidden: ReadonlySet<string>): Column<Line>[] {
  const { t, zone, tab } = around;
  const all: Column<Line>[] = [
    {
      key: "select",
      head: <SelectAll label={t.selectAll} />,
      width: 40,
      pin: "left",
      className: "select",
      cell: (line, index) => <SelectRow line={line} index={index} around={around} />,
    },
    {
      key: "name",
      head: t.head.name,
      width: 160,
      pin: "left",
      sort: "name",
      cell: (line) => (
        <div className="instance-name">
          <KindIcon kind={line.kind} />
          <Link
            href={inEnvironment(`/instances/${line.id}${tab === "scripts" ? "/dag" : ""}`, around.environment)}
            tabIndex={-1}
          >
            <Name>{line.name}</Name>
          </Link>
          <Marks of={line.marks} />
          <span className="id">{line.id}</span>
        </div>
      ),
    },
    {
      key: "status",
      head: t.head.status,
      width: 120,
      sort: "status",
      className: tab === "scripts" ? undefined : "statuses",
      cell: (line) => (tab === "scripts" ? <ScriptStatus line={line} /> : <StatusCell line={line} />),
    },
    {
      key: "cycle",
      head: t.head.cycle,
      width: 56,
      cell: (line) => (t.cycle as Record<string, string>)[line.cycle] ?? line.cycle,
    },
    { key: "bizdate", head: t.head.bizdate, width: 84, cell: (line) => bizdate(line.bizdate) },
    {
      key: "due",
      head: t.head.due,
      width: 66,
      align: "right",
      sort: "due",
      // Without its data date a time says its day.
      cell: (line) => orDash(shortTimeOn(line.due_at, zone, around.isNarrow ? around.today : runDay(line.bizdate))),
    },
    {
      key: "start",
      head: t.head.start,
      width: 76,
      align: "right",
      sort: "start",
      cell: (line) => orDash(timeOn(line.started_at, zone, runDay(line.bizdate))),
    },
    {
      key: "end",
      head: t.head.end,
      width: 76,
      align: "right",
      sort: "end",
      cell: (line) => orDash(timeOn(line.ended_at, zone, runDay(line.bizdate))),
    },
    {
      key: "duration",
      head: t.head.duration,
      width: 76,
      align: "right",
      sort: "duration",
      cell: (line) => (line.duration_s === null ? DASH : <Lasting of={line} />),
    },
    {
      key: "priority",
      head: t.head.priority,
      width: 72,
      className: "priority-cell",
      cell: (line) => <PriorityBars priority={line.priority} />,
    },
    {
      key: "owner",
      head: t.head.owner,
      width: 50,
      cell: (line) => (line.owners.length > 0 ? <Owners of={line.owners} /> : DASH),
    },
    {
      key: "project",
      head: t.head.project,
      width: 100,
      cell: (line) => <Projects of={line.projects} />,
    },
    {
      key: "tags",
      head: t.head.tags,
      width: 76,
      cell: (line) => (line.tags.length > 0 ? <Tags of={line.tags} /> : DASH),
    },
    {
      key: "retries",
      head: t.head.retries,
      width: 70,
      align: "right",
      cell: (line) => (line.retries > 0 ? `${line.retried} / ${line.retries}` : DASH),
    },
    { key: "group", head: t.head.group, width: 90, cell: (line) => line.resource_group || DASH },
    {
      key: "operations",
      head: <span className="hidden">{t.head.operations}</span>,
      width: 112,
      pin: "right",
      className: "operations",
      cell: (line) => <RowActions line={line} around={around} />,
    },
  ];
  const shown = around.isNarrow ? NARROW : OPTIONAL[tab].filter((key) => !hidden.has(key));
  const wanted = new Set(["select", "name", "operations", ...shown]);
  return all.filter((column) => wanted.has(column.key)).map((column) => fitted(column, around));
}

/** As wide as the user made it, else as its head and its contents need. */
function fitted(column: Column<Line>, { rooms, widths, isNarrow }: Around): Column<Line> {
  if (typeof column.head !== "string") return column;
  const head = headRoom(column.head, column.sort !== undefined);
  const least = Math.max(column.width, head);
  if (isNarrow && column.key === "due") return { ...column, least, width: 96 };
  return { ...column, least: head, width: widths[column.key] ?? Math.max(least, rooms[column.key] ?? 0) };
}

function SelectAll({ label }: { label: string }) {
  const { checked, mixed, reason, toggle } = useKnown().selectAll;
  return <Checkbox aria-label={label} checked={checked} indeterminate={mixed} reason={reason} onChange={toggle} />;
}

function SelectRow({ line, index, around }: { line: Line; index: number; around: Around }) {
  return (
    <Checkbox
      aria-label={around.t.selectRow(line.name)}
      tabIndex={-1}
      checked={useKnown().selected.has(line.id)}
      onClick={(event) => {
        event.stopPropagation();
        around.onSelect(line, index, event.shiftKey);
      }}
      onChange={() => {}}
    />
  );
}

function ScriptStatus({ line }: { line: Line }) {
  const status = statusOf(line.statuses[0] ?? "NOT_RUNNING", { waiting: line.waiting[0], paused: line.paused > 0 });
  return <StatusText status={status} />;
}

function Owners({ of }: { of: readonly string[] }) {
  return (
    <span className="owners" title={of.join(", ")}>
      <Avatar name={of[0] ?? ""} />
      {of.length > 1 && <span className="muted">+{of.length - 1}</span>}
    </span>
  );
}

function Tags({ of }: { of: readonly string[] }) {
  return (
    <Tooltip content={of.length > 1 ? of.join(", ") : undefined}>
      <span className="tags">
        <Tag>{of[0]}</Tag>
        {of.length > 1 && <span className="muted t-11">+{of.length - 1}</span>}
      </span>
    </Tooltip>
  );
}

function Projects({ of }: { of: readonly string[] }) {
  const { projects } = useKnown();
  const names = of.map((name) => projects.get(name)?.title ?? name).join(", ");
  return <span title={names}>{names}</span>;
}

function RowActions({ line, around }: { line: Line; around: Around }) {
  const { t, environment } = around;
  const { projects, notRerun } = useKnown();
  return (
    <span className="row-actions">
      <Tooltip content={t.dag}>
        <Link
          className="button ghost icon small"
          href={inEnvironment(`/instances/${line.id}/dag`, environment)}
          aria-label={`${t.dag}, ${line.name}`}
        >
          {DAG_ICON}
        </Link>
      </Tooltip>
      <Tooltip content={t.log}>
        <Link
          className="button ghost icon small"
          href={inEnvironment(`/instances/${line.id}/log`, environment)}
          aria-label={`${t.log}, ${line.name}`}
        >
          {LOG_ICON}
        </Link>
      </Tooltip>
      <IconButton
        icon={RotateCw}
        size="small"
        label={t.rerun}
        reason={notRerun.get(line.id)}
        onClick={(event) => {
          event.stopPropagation();
          openOperation({ operation: "RERUN", targets: [{ instance: line.id }], perspective: "TABLE" });
        }}
      />
      <MoreButton
        instance={line.id}
        name={line.name}
        task={line.task}
        type={line.biz_type}
        mode={projects.get(line.project)?.mode}
        environment={environment}
        perspective="TABLE"
      />
    </span>
  );
}
