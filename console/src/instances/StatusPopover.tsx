import { useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowRight } from "lucide-react";
import { type ComponentProps, type ReactNode, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { inEnvironment, useEnvironment } from "../app/url";
import { Counts } from "../status/Counts";
import { Glyph } from "../status/Glyph";
import { COUNTED, HUE, type Status, statusOf, statusTexts } from "../status/status";
import { useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { SearchField } from "../ui/Field";
import { Popover } from "../ui/Floating";
import { Icon } from "../ui/Icon";
import { OnUse, type Use } from "../ui/OnUse";
import { Chip, Name, SkeletonRows, Tag } from "../ui/pieces";
import { instanceTexts } from "./texts";
import type { Line } from "./windows";

type Field = Schemas["FieldLine"];
type Node = Schemas["NodeLine"];

/** Fields and nodes by status; each opens who has which. */
export function StatusCell({ line }: { line: Line }) {
  const t = useTexts(instanceTexts);
  return (
    <span className="row gap-1">
      <StatusButton id={line.id} label={t.fieldsOf(line.name)} of="fields" numbers={line.fields} waiting={line.waiting}>
        <FieldList line={line} />
      </StatusButton>
      <StatusButton
        id={line.id}
        label={t.nodesOf(line.name)}
        of="nodes"
        numbers={line.nodes}
        waiting={line.waiting}
        paused={line.paused}
      >
        <NodeList line={line} />
      </StatusButton>
    </span>
  );
}

function StatusButton({
  id,
  label,
  children,
  ...counts
}: Pick<ComponentProps<typeof Counts>, "of" | "numbers" | "waiting" | "paused"> & {
  id: number;
  label: string;
  children: ReactNode;
}) {
  const button = (use?: Use) => (
    <Counts {...counts} button tabIndex={-1} aria-haspopup="dialog" autoFocus={use === "focus"} />
  );
  return (
    <OnUse of={id} quiet={button()}>
      {(use) => (
        <Popover
          key={id}
          label={label}
          width={600}
          className="status-popover"
          trigger={button(use)}
          defaultOpen={use === "click"}
        >
          {children}
        </Popover>
      )}
    </OnUse>
  );
}

const ROW = 28;
/** Order of the list: what needs attention first. */
const URGENT = ["FAILED", "RUNNING", "WAITING", "NOT_RUNNING", "SUCCEEDED"];

function FieldList({ line }: { line: Line }) {
  const t = useTexts(instanceTexts);
  const environment = useEnvironment();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keys.instance(line.id, "fields"),
    queryFn: ({ signal }) => api.get("/instances/{id}/fields", { path: { id: line.id }, signal }),
  });
  const fields = useMemo(
    () =>
      (data?.items ?? [])
        .filter((field) => field.status !== null)
        .toSorted((a, b) => URGENT.indexOf(a.status ?? "") - URGENT.indexOf(b.status ?? "")),
    [data],
  );
  const nodes = new Set(fields.flatMap((field) => field.nodes.map((node) => node.id))).size;
  return (
    <List
      title={line.name}
      note={data ? t.inNodes(fields.length, nodes) : ""}
      find={t.findField}
      heads={[t.field, t.normalised, t.computedBy]}
      items={fields}
      pending={isPending}
      error={error}
      onRetry={() => void refetch()}
      textOf={(field) => `${field.name} ${field.label}`}
      classOf={(field) => field.status ?? ""}
      row={(field: Field) => {
        const status = statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" });
        return (
          <>
            <span className="row gap-2">
              <Glyph status={status} label="" />
              <Name className="ink">{field.name}</Name>
              {field.label && <span className="muted ellipsis t-11">{field.label}</span>}
            </span>
            <StatusName status={status} />
            <span className="row gap-3 nodes-of">
              {field.nodes.map((node) => (
                <span key={node.id} className="row gap-1 soft" title={node.label}>
                  <Glyph status={statusOf(node.status, { paused: node.paused })} size={12} />
                  <span className="ellipsis">{node.label.split("/").at(-1)}</span>
                </span>
              ))}
            </span>
          </>
        );
      }}
      keyOf={(field) => field.name}
      foot={t.copyNote}
      link={
        <Link href={inEnvironment(`/instances/${line.id}`, environment)} className="row gap-1 medium">
          {t.fieldOperations}
          <Icon of={ArrowRight} size={12} />
        </Link>
      }
    />
  );
}

function NodeList({ line }: { line: Line }) {
  const t = useTexts(instanceTexts);
  const environment = useEnvironment();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: keys.instance(line.id, "nodes"),
    queryFn: ({ signal }) => api.get("/instances/{id}/nodes", { path: { id: line.id }, signal }),
  });
  return (
    <List
      title={line.name}
      note={data ? t.countNodes(data.items.length) : ""}
      find={t.findNode}
      heads={[t.node, t.status, t.writes]}
      items={data?.items ?? []}
      pending={isPending}
      error={error}
      onRetry={() => void refetch()}
      textOf={(node) => `${node.label} ${node.fields.join(" ")}`}
      classOf={(node) => classOf(statusOf(node.status))}
      row={(node: Node) => {
        const status = statusOf(node.status, { paused: node.paused });
        return (
          <>
            <span className="row gap-2">
              <Glyph status={status} label="" />
              <Name className="ink">{node.label.split("/").at(-1) ?? node.label}</Name>
              {node.kind && <Tag>{node.kind}</Tag>}
            </span>
            <StatusName status={status} />
            <span className="ellipsis soft" title={node.fields.join(", ")}>
              {node.fields.join(", ")}
            </span>
          </>
        );
      }}
      keyOf={(node) => node.id}
      foot=""
      link={
        <Link href={inEnvironment(`/instances/${line.id}/log`, environment)} className="row gap-1 medium">
          {t.log}
          <Icon of={ArrowRight} size={12} />
        </Link>
      }
    />
  );
}

/** The class that a status counts under. */
function classOf(status: Status): string {
  if (status === "succeeded") return "SUCCEEDED";
  if (status === "failed") return "FAILED";
  if (status === "running") return "RUNNING";
  return status === "notRunning" ? "NOT_RUNNING" : "WAITING";
}

function StatusName({ status }: { status: Status }) {
  const t = useTexts(statusTexts);
  return <span className={classes("status", HUE[status])}>{t.name[status]}</span>;
}

interface ListProps<Item> {
  title: string;
  note: string;
  find: string;
  heads: readonly [string, string, string];
  items: readonly Item[];
  pending: boolean;
  error: unknown;
  onRetry: () => void;
  textOf: (item: Item) => string;
  classOf: (item: Item) => string;
  row: (item: Item) => ReactNode;
  keyOf: (item: Item) => string | number;
  foot: string;
  link: ReactNode;
}

function List<Item>(props: ListProps<Item>) {
  const t = useTexts(instanceTexts);
  const names = useTexts(statusTexts);
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const wanted = search.trim().toLowerCase();
  const fitting = props.items.filter(
    (item) => (chosen === null || props.classOf(item) === chosen) && props.textOf(item).toLowerCase().includes(wanted),
  );
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: fitting.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const counted = new Map<string, number>();
  for (const item of props.items) {
    const name = props.classOf(item);
    counted.set(name, (counted.get(name) ?? 0) + 1);
  }
  return (
    <>
      <div className="status-head">
        <div className="row gap-2">
          <b className="semi ellipsis">{props.title}</b>
          <span className="muted nowrap">{props.note}</span>
        </div>
        {counted.size > 1 && (
          <div className="row gap-1 chips">
            <Chip pressed={chosen === null} onPress={() => setChosen(null)}>
              {t.every} <span className="muted">{props.items.length}</span>
            </Chip>
            {COUNTED.filter((code) => counted.has(code)).map((code) => (
              <Chip key={code} pressed={chosen === code} onPress={() => setChosen(chosen === code ? null : code)}>
                <Glyph status={statusOf(code)} size={12} label="" />
                {counted.get(code)} {code === "WAITING" ? names.waiting : names.name[statusOf(code)]}
              </Chip>
            ))}
          </div>
        )}
      </div>
      {props.items.length > 8 && (
        <div className="status-find">
          <SearchField value={search} onChange={setSearch} placeholder={props.find} />
        </div>
      )}
      <Failure error={props.error} onRetry={props.onRetry} />
      {props.pending ? (
        <SkeletonRows rows={3} label={props.title} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        <section className="status-list" ref={scroller} tabIndex={0} aria-label={props.title}>
          <div className="status-row status-heads">
            {props.heads.map((head) => (
              <span key={head}>{head}</span>
            ))}
          </div>
          <ul style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map(({ index, start }) => {
              const item = fitting[index];
              return (
                item !== undefined && (
                  <li key={props.keyOf(item)} className="status-row" style={{ transform: `translateY(${start}px)` }}>
                    {props.row(item)}
                  </li>
                )
              );
            })}
          </ul>
          {fitting.length === 0 && <p className="muted none">{t.noneFits}</p>}
        </section>
      )}
      <div className="status-foot">
        <span className="muted">{props.foot}</span>
        <span className="grow" />
        {props.link}
      </div>
    </>
  );
}
