import "../styles/instances.css";
import { useQuery } from "@tanstack/react-query";
import { Columns3, Download, RotateCw } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { address, api } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { useSession, useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment, type Patch, useEnvironment, useQueryState } from "../app/url";
import { operationNames, reasonText } from "../operation/names";
import { openOperation } from "../operation/open";
import { dayOf } from "../texts/format";
import { type Language, useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import type { Sort } from "../ui/columns";
import { Menu } from "../ui/Menu";
import { useNarrower } from "../ui/media";
import { Empty, Keys, Tag } from "../ui/pieces";
import { Table, type TableHandle } from "../ui/Table";
import { Tabs } from "../ui/Tabs";
import { Tooltip } from "../ui/Tooltip";
import { BatchBar } from "./BatchBar";
import { columnsOf, HIDDEN_AT_FIRST, KnownPlace, NARROW, OPTIONAL } from "./columns";
import { described } from "./describe";
import { FilterBar } from "./FilterBar";
import { ALL_DATES, dayBefore, filtersOf, NARROWING, orderOf, type Tab, tabOf } from "./filters";
import { JumpDialog } from "./JumpDialog";
import { useLayout } from "./layout";
import { NeighboursDialog } from "./NeighboursDialog";
import { type Rooms, widest } from "./rooms";
import { StatusChips } from "./StatusChips";
import { useSelection } from "./selection";
import { instanceTexts } from "./texts";
import { type Line, MOST_SELECTED, useCounts, useWindows } from "./windows";

export default function InstancesPage() {
  const t = useTexts(instanceTexts);
  const language = useLanguage();
  const names = useTexts(operationNames);
  const environment = useEnvironment();
  const zone = useZone();
  const [query, change] = useQueryState();
  const [, navigate] = useLocation();
  const tab = tabOf(query);
  const filters = useMemo(() => filtersOf(query, environment), [query, environment]);
  const order = orderOf(query);
  const listQuery = useMemo(
    () => ({ ...filters, sort: order.name, order: order.order }),
    [filters, order.name, order.order],
  );
  const { data: counts } = useCounts(filters);
  const other = useMemo(
    () => ({ ...filters, type: tab === "scripts" ? "LOGICAL_TABLE" : "SCRIPT", kind: undefined }),
    [filters, tab],
  );
  const { data: otherCounts } = useCounts(other);
  const list = useWindows(listQuery, counts?.matching);
  const { data: projectList } = useQuery({
    queryKey: keys.projects(),
    queryFn: ({ signal }) => api.get("/projects", { signal }),
  });
  const projects = useMemo(
    () => new Map((projectList?.items ?? []).map((project) => [project.name, project])),
    [projectList],
  );
  const [current, setCurrent] = useState(-1);
  const [jumping, setJumping] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const table = useRef<TableHandle>(null);
  const listName = JSON.stringify(listQuery);
  const { selected, select, selectEvery, clear, isSelecting } = useSelection(listName, list.rowAt);
  const { user, now } = useSession();
  const today = dayOf(now, zone);
  const layout = useLayout(user, tab, HIDDEN_AT_FIRST);
  const isNarrow = useNarrower(900);
  const rooms = useRooms(listName, list.rowAt, list.loaded, zone, language, projects);
  const notRerun = useNotRerun(list.rowAt, list.view, list.count, language);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list begins at its first row
  useEffect(() => setCurrent(-1), [listName]);

  const matching = counts?.matching ?? 0;
  const columns = useMemo(
    () =>
      columnsOf(
        {
          t,
          zone,
          environment,
          tab,
          rooms,
          widths: layout.widths,
          isNarrow,
          today,
          onSelect: select,
        },
        layout.hidden,
      ),
    [t, zone, environment, tab, rooms, layout.widths, layout.hidden, isNarrow, today, select],
  );
  const known = useMemo(
    () => ({
      projects,
      notRerun,
      selected,
      selectAll: {
        checked: selected.size > 0 && selected.size >= matching,
        mixed: selected.size > 0,
        reason: matching > MOST_SELECTED ? t.tooMany(MOST_SELECTED) : undefined,
        toggle: () => (selected.size > 0 ? clear() : selectEvery(listQuery)),
      },
    }),
    [t, projects, notRerun, selected, matching, clear, selectEvery, listQuery],
  );

  const pathOf = useCallback(
    (line: Line, part: string) => inEnvironment(`/instances/${line.id}${part}`, environment),
    [environment],
  );
  const open = (line: Line) => navigate(pathOf(line, line.biz_type === "SCRIPT" ? "/dag" : ""));
  const row = current >= 0 ? list.rowAt(current) : undefined;
  const go = (part: string) => () => {
    if (row) navigate(pathOf(row, part));
  };
  const move = (step: number) => () => {
    setCurrent(Math.min(list.count - 1, Math.max(0, current + step)));
    table.current?.focus();
  };
  useShortcuts(t.keys.title, [
    { keys: "/", label: t.keys.search, run: () => search.current?.focus() },
    { keys: "j", label: t.keys.down, run: move(1) },
    { keys: "k", label: t.keys.up, run: move(-1) },
    { keys: "x", label: t.keys.select, run: () => row && select(row, current, false) },
    { keys: "Shift+x", label: t.keys.range, run: () => row && select(row, current, true) },
    { keys: "Enter", label: t.keys.open, run: () => row && open(row) },
    { keys: "f", label: t.fieldsPage, run: go("") },
    { keys: "d", label: t.dag, run: go("/dag") },
    { keys: "g", label: t.gantt, run: go("/gantt") },
    { keys: "l", label: t.log, run: go("/log") },
    {
      keys: "r",
      label: t.rerun,
      run: () => row && openOperation({ operation: "RERUN", targets: [{ instance: row.id }], perspective: "TABLE" }),
    },
    {
      keys: "Shift+r",
      label: names.RERUN_DOWNSTREAM,
      run: () =>
        row && openOperation({ operation: "RERUN_DOWNSTREAM", targets: [{ instance: row.id }], perspective: "TABLE" }),
    },
    {
      keys: "p",
      label: `${t.pause}, ${t.resume}`,
      run: () =>
        row &&
        openOperation({
          operation: row.paused > 0 ? "RESUME" : "PAUSE",
          targets: [{ instance: row.id }],
          perspective: "TABLE",
        }),
    },
    { keys: "Ctrl+g", label: t.keys.jump, run: () => setJumping(true) },
    { keys: "Escape", label: t.keys.clear, run: clear },
  ]);

  const met = useMet(list.rowAt, list.loaded);
  const inside = useInside(list.rowAt, list.count, list.isWhole && tab === "modeling");
  return (
    <Page
      title={t.title}
      crumbs={[{ label: t.title }]}
      className="instances"
      beside={
        <Tabs<Tab>
          label={t.views}
          panel="instances"
          tabs={[
            {
              id: "scripts",
              label: t.scripts,
              count: shown(tab === "scripts" ? counts?.matching : otherCounts?.matching),
            },
            {
              id: "modeling",
              label: t.modeling,
              count: shown(tab === "modeling" ? counts?.matching : otherCounts?.matching),
            },
          ]}
          current={tab}
          onSelect={(id) => {
            clear();
            change({ tab: id === "modeling" ? null : id }, { push: true });
          }}
        />
      }
      actions={
        <>
          <Button kind="ghost" icon={RotateCw} aria-busy={list.isFetching} onClick={list.retry}>
            {t.refresh}
          </Button>
          <Menu
            trigger={
              <Button kind="ghost" icon={Columns3}>
                {t.columns}
              </Button>
            }
            entries={[
              ...OPTIONAL[tab].map((key) => ({
                key,
                label: t.head[key as keyof typeof t.head],
                checked: isNarrow ? NARROW.includes(key) : !layout.hidden.has(key),
                reason: isNarrow ? t.tooNarrow : undefined,
                keepOpen: true,
                onSelect: () => layout.toggle(key),
              })),
              { key: "reset", label: t.resetColumns, above: true, onSelect: layout.reset },
            ]}
          />
          <a
            className="button"
            href={address("/instances.xlsx", {
              query: { ...filters, type: undefined, kind: undefined, sort: order.name, order: order.order },
            })}
            download
          >
            <Download size={16} strokeWidth={1.5} aria-hidden="true" />
            {t.downloadAll}
          </a>
        </>
      }
    >
      <StatusChips query={query} filters={filters} change={change} />
      <FilterBar query={query} change={change} projects={projectList?.items ?? []} met={met} search={search} />
      <Failure error={list.error} onRetry={list.retry} />
      <div
        className="list column"
        id="instances"
        role="tabpanel"
        data-loading={list.isPending || undefined}
        aria-label={tab === "scripts" ? t.scripts : t.modeling}
      >
        <KnownPlace value={known}>
          <Table<Line>
            label={t.title}
            columns={columns}
            count={list.count}
            rowAt={list.rowAt}
            keyOf={keyOf}
            grow="name"
            sort={order}
            onSort={(next: Sort) =>
              change(
                next.name === "due" && next.order === "desc"
                  ? { sort: null, order: null }
                  : { sort: next.name, order: next.order },
              )
            }
            onWidth={layout.resize}
            widthLabel={(head) => t.widthOf(String(head))}
            selected={(line) => selected.has(line.id)}
            current={current}
            onCurrent={setCurrent}
            onOpen={open}
            onView={list.onView}
            handle={table}
            empty={!list.isPending && !list.error && <Nothing query={query} change={change} />}
          />
        </KnownPlace>
        {selected.size > 0 && <BatchBar selected={selected} onClear={clear} />}
      </div>
      <footer className="page-foot">
        <span aria-live="polite">
          {isSelecting
            ? t.selecting
            : list.view.last >= 0 && list.count > 0 && counts
              ? t.foot(
                  number(Math.min(list.count, list.view.first + 1)),
                  number(Math.min(list.count, list.view.last + 1)),
                  number(list.count),
                )
              : ""}
          {!isSelecting && inside && t.footWhole(inside.fields, inside.nodes)}
        </span>
        {environment === "DEV" && (
          <Tooltip content={t.notScheduledNote} side="top">
            <Tag tabIndex={0}>{t.notScheduled}</Tag>
          </Tooltip>
        )}
        <span className="grow" />
        <Hint of="J K">{t.moves}</Hint>
        <Hint of="X">{t.selects}</Hint>
        <Hint of="R">{t.reruns}</Hint>
        <Hint of="?">{t.allShortcuts}</Hint>
      </footer>
      <NeighboursDialog />
      {jumping && (
        <JumpDialog
          count={list.count}
          onClose={() => setJumping(false)}
          onJump={(index) => {
            setCurrent(index);
            // After the dialog has given the focus back.
            setTimeout(() => {
              table.current?.scrollTo(index);
              table.current?.focus();
            }, 50);
          }}
        />
      )}
    </Page>
  );
}

function keyOf(line: Line): number {
  return line.id;
}

function shown(count: number | undefined): string | undefined {
  return count === undefined ? undefined : number(count);
}

/** Why there are no rows, and what to do about it. */
function Nothing({ query, change }: { query: URLSearchParams; change: (patch: Patch) => void }) {
  const t = useTexts(instanceTexts);
  const language = useLanguage();
  const environment = useEnvironment();
  const { now, time_zone } = useSession();
  const filters = described(query, language);
  if (filters !== "")
    return (
      <Empty
        title={t.emptyFiltered(filters)}
        action={
          <Button onClick={() => change(Object.fromEntries(NARROWING.map((name) => [name, null])))}>
            {t.resetFilters}
          </Button>
        }
      />
    );
  const isEvery = query.get("bizdate") === ALL_DATES;
  return (
    <Empty
      title={isEvery ? t.emptyEvery : t.empty(dayBefore(dayOf(now, time_zone)))}
      action={!isEvery && <Button onClick={() => change({ bizdate: ALL_DATES })}>{t.everyDate}</Button>}
    >
      {environment === "DEV" ? t.emptyDev : t.emptyNote}
    </Empty>
  );
}

/** Fields and nodes of all rows, once every row is here. */
function useInside(rowAt: (index: number) => Line | undefined, count: number, isWhole: boolean) {
  return useMemo(() => {
    if (!isWhole || count === 0) return null;
    const sum = (of: Readonly<Record<string, number>>) => Object.values(of).reduce((all, each) => all + each, 0);
    let fields = 0;
    let nodes = 0;
    for (let index = 0; index < count; index += 1) {
      const line = rowAt(index);
      if (line) fields += sum(line.fields);
      if (line) nodes += sum(line.nodes);
    }
    return { fields, nodes };
  }, [rowAt, count, isWhole]);
}

/** How wide columns must be for the rows loaded so far; another list begins anew, and none becomes narrower while it is looked at. */
function useRooms(
  listName: string,
  rowAt: (index: number) => Line | undefined,
  loaded: number,
  zone: string,
  language: Language,
  projects: ReadonlyMap<string, { title: string }>,
): Rooms {
  const name = `${language} ${listName}`;
  const before = useRef<{ name: string; rooms: Rooms }>({ name, rooms: {} });
  return useMemo(() => {
    const lines: Line[] = [];
    for (let index = 0; index < Math.min(loaded, 1000); index += 1) {
      const line = rowAt(index);
      if (line) lines.push(line);
    }
    const base = before.current.name === name ? before.current.rooms : {};
    const rooms = widest(lines, zone, language, (project) => projects.get(project)?.title ?? project, base);
    before.current = { name, rooms };
    return rooms;
  }, [name, rowAt, loaded, zone, language, projects]);
}

function Hint({ of, children }: { of: string; children: string }) {
  return (
    <span className="row gap-1">
      <Keys of={of} /> {children}
    </span>
  );
}

/** Why rows in view cannot be rerun, as the server says. */
function useNotRerun(
  rowAt: (index: number) => Line | undefined,
  view: { first: number; last: number },
  count: number,
  language: "en" | "zh",
): ReadonlyMap<number, string> {
  const ids: number[] = [];
  const begin = Math.max(0, Math.floor(view.first / 50) * 50);
  for (let index = begin; index < Math.min(count, begin + 150); index += 1) {
    const line = rowAt(index);
    if (line) ids.push(line.id);
  }
  const { data } = useQuery({
    queryKey: keys.instances("reruns", ids),
    queryFn: ({ signal }) =>
      api.post("/instances/offers", { instances: ids, operations: ["RERUN"], each: true }, { signal }),
    enabled: ids.length > 0,
    placeholderData: (previous) => previous,
  });
  return useMemo(() => {
    const found = new Map<number, string>();
    for (const each of data?.closed ?? []) {
      const offer = each.operations.RERUN;
      if (offer) found.set(each.instance, reasonText(language, offer.code ?? "", offer.reason ?? ""));
    }
    return found;
  }, [data, language]);
}

/** Owners and tags of the rows loaded so far. */
function useMet(rowAt: (index: number) => Line | undefined, loaded: number) {
  return useMemo(() => {
    const owners = new Set<string>();
    const tags = new Set<string>();
    for (let index = 0; index < Math.min(loaded, 1000); index += 1) {
      const line = rowAt(index);
      for (const owner of line?.owners ?? []) owners.add(owner);
      for (const tag of line?.tags ?? []) tags.add(tag);
    }
    return { owners: [...owners].sort(), tags: [...tags].sort() };
  }, [rowAt, loaded]);
}
