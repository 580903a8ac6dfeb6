import { useQuery } from "@tanstack/react-query";
import { CircleHelp, Ellipsis, Lock } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link, useLocation, useParams } from "wouter";
import { ApiError, api } from "../api/client";
import { keys } from "../api/keys";
import { Crumbs, Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { inEnvironment, patched, useEnvironment } from "../app/url";
import { instanceMenu } from "../instances/menu";
import { NeighboursDialog } from "../instances/NeighboursDialog";
import { openOperation } from "../operation/open";
import { Counts } from "../status/Counts";
import { KindIcon, Marks, PriorityBars } from "../status/kinds";
import { bizdate, runDay, shortTimeOn, timeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { Menu } from "../ui/Menu";
import { Empty, SkeletonRows } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import "./instance.css";
import { OPERATION_ICONS } from "../operation/icons";
import { closedBecause } from "./operationEntries";
import { instanceTexts } from "./texts";
import { type Instance, instanceId, isScript, useInstance } from "./useInstance";

export type InstanceTab = "fields" | "dag" | "gantt" | "log" | "operations" | "code" | "lineage" | "diagnosis";
const TABS: readonly InstanceTab[] = ["fields", "dag", "gantt", "log", "operations", "code", "lineage", "diagnosis"];

/** The address of a page of an instance. */
export function instancePath(id: number, tab: InstanceTab = "fields", query: Record<string, string> = {}): string {
  const search = patched("", query);
  return `/instances/${id}${tab === "fields" ? "" : `/${tab}`}${search && `?${search}`}`;
}

/**
 * What all pages of one instance share: its head with status, operations and tabs. `children` is drawn below once the instance is known; it gets
 * what is left of the height and scrolls by itself.
 */
export function InstanceFrame({ tab, children }: { tab: InstanceTab; children: (instance: Instance) => ReactNode }) {
  const t = useTexts(instanceTexts);
  const text = useParams<{ id: string }>().id ?? "";
  const id = instanceId(text);
  const { data, error, refetch } = useInstance(id);
  const name = data ? (tab === "fields" && isScript(data) ? t.tabs.node : t.tabs[tab]) : t.tabs[tab];
  useEffect(() => {
    document.title = `${data ? `${name} · ${data.line.name}` : name} · Taskhouse`;
  }, [name, data]);
  const crumbs = (
    <Crumbs
      of={[
        { label: t.recurring, to: "/instances" },
        ...(data ? [{ label: data.line.name, to: tab === "fields" ? undefined : `/instances/${id}` }] : []),
        ...(tab === "fields" && data ? [] : [{ label: name }]),
      ]}
    />
  );
  if (data) {
    return (
      <>
        {crumbs}
        <Head instance={data} tab={tab} />
        {error && <Failure error={error} onRetry={() => void refetch()} />}
        <div className="instance-body column">{children(data)}</div>
      </>
    );
  }
  return (
    <>
      {crumbs}
      <h1 className="hidden">{name}</h1>
      <NotThere id={text} valid={Number.isInteger(id)} error={error} onRetry={() => void refetch()} />
    </>
  );
}

function NotThere({ id, valid, error, onRetry }: { id: string; valid: boolean; error: unknown; onRetry: () => void }) {
  const t = useTexts(instanceTexts);
  const environment = useEnvironment();
  const back = <Link href={inEnvironment("/instances", environment)}>{t.toList}</Link>;
  if (!valid || (error instanceof ApiError && error.status === 404))
    return (
      <Empty icon={CircleHelp} title={t.missing} action={back}>
        {t.missingNote(id)}
      </Empty>
    );
  if (error instanceof ApiError && error.status === 403)
    return (
      <Empty icon={Lock} title={t.forbidden} action={back}>
        {t.forbiddenNote}
      </Empty>
    );
  if (error) return <Failure error={error} onRetry={onRetry} />;
  return <SkeletonRows label={t.loading} />;
}

function Head({ instance, tab }: { instance: Instance; tab: InstanceTab }) {
  const t = useTexts(instanceTexts);
  const language = useLanguage();
  const { line } = instance;
  useOwnEnvironment(line.environment);
  useKeys(instance);
  const projects = useQuery({
    queryKey: keys.projects(),
    queryFn: ({ signal }) => api.get("/projects", { signal }),
  });
  const environment = useEnvironment();
  const rerun = closedBecause(instance.operations, "RERUN", language);
  return (
    <header className="instance-head">
      <div className="row gap-2 instance-title">
        <KindIcon kind={line.kind} size={16} />
        <h1 className="ellipsis" title={line.name}>
          {line.name}
        </h1>
        <Marks of={line.marks} />
        <span className="instance-counts">
          <Counts of="fields" numbers={line.fields} waiting={line.waiting} />
          <Counts of="nodes" numbers={line.nodes} waiting={line.waiting} paused={line.paused} />
        </span>
        <span className="grow" />
        <Button
          icon={OPERATION_ICONS.RERUN}
          reason={rerun}
          onClick={() => openOperation({ operation: "RERUN", targets: [{ instance: line.id }], perspective: "TABLE" })}
        >
          {t.shortcut.rerun}
        </Button>
        <Menu
          trigger={<IconButton icon={Ellipsis} kind="plain" label={t.more} />}
          entries={() =>
            instanceMenu(
              {
                instance: line.id,
                name: line.name,
                task: line.task,
                type: line.biz_type,
                mode: projects.data?.items.find((project) => project.name === line.project)?.mode,
                environment,
                offers: instance.operations,
                perspective: "TABLE",
              },
              language,
            )
          }
        />
      </div>
      <Facts instance={instance} />
      <Pages instance={instance} tab={tab} />
      <NeighboursDialog />
    </header>
  );
}

function Facts({ instance }: { instance: Instance }) {
  const t = useTexts(instanceTexts);
  const zone = useZone();
  const { line } = instance;
  const day = runDay(line.bizdate);
  const cycle = (t.cycles as Record<string, string>)[line.cycle] ?? line.cycle;
  const within = line.cycle === "HOUR" || line.cycle === "MINUTE";
  const facts: [string, ReactNode][] = [
    [t.id, line.id],
    [t.dataDate, bizdate(line.bizdate)],
    [t.due, shortTimeOn(line.due_at, zone, day)],
    [t.cycle, within ? `${cycle}, ${t.nth(line.index)}` : cycle],
    [t.priority, <PriorityBars key="priority" priority={line.priority} />],
    [t.owner, line.owners.join(", ")],
    [t.project, instance.project_title],
    ...(isScript(instance) ? [] : [[t.strategy, t.version(instance.strategy)] as [string, ReactNode]]),
    [t.updated, timeOn(instance.updated_at, zone, day)],
  ];
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd className="ellipsis">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Links to the pages of the instance; one that does not apply stays and says why. */
function Pages({ instance, tab }: { instance: Instance; tab: InstanceTab }) {
  const t = useTexts(instanceTexts);
  const environment = useEnvironment();
  const script = isScript(instance);
  return (
    <nav className="tabs" aria-label={t.pages}>
      {TABS.map((each) => {
        const label = each === "fields" && script ? t.tabs.node : t.tabs[each];
        if (each === "lineage" && script)
          return (
            <Tooltip key={each} content={t.noLineage}>
              {/* biome-ignore lint/a11y/useValidAnchor: a link that does not apply has nowhere to lead to */}
              <a role="link" aria-disabled="true" tabIndex={0} aria-description={t.noLineage}>
                {label}
              </a>
            </Tooltip>
          );
        return (
          <Link
            key={each}
            href={inEnvironment(instancePath(instance.line.id, each), environment)}
            aria-current={each === tab ? "page" : undefined}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
}

/** An instance belongs to one environment: the address says which. */
function useOwnEnvironment(own: string): void {
  const environment = useEnvironment();
  const [path, navigate] = useLocation();
  useEffect(() => {
    if (own === environment) return;
    const search = patched(window.location.search, { env: own === "DEV" ? "dev" : null });
    navigate(search ? `${path}?${search}` : path, { replace: true });
  }, [own, environment, path, navigate]);
}

function useKeys(instance: Instance): void {
  const t = useTexts(instanceTexts);
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const { id } = instance.line;
  const to = (tab: InstanceTab) => () => navigate(inEnvironment(instancePath(id, tab), environment));
  const operate = (operation: "RERUN" | "RERUN_DOWNSTREAM" | "PAUSE" | "RESUME") => {
    if (instance.operations[operation]?.open)
      openOperation({ operation, targets: [{ instance: id }], perspective: "TABLE" });
  };
  useShortcuts(t.shortcut.instance, [
    { keys: "f", label: isScript(instance) ? t.tabs.node : t.tabs.fields, run: to("fields") },
    { keys: "d", label: t.tabs.dag, run: to("dag") },
    { keys: "g", label: t.tabs.gantt, run: to("gantt") },
    { keys: "l", label: t.tabs.log, run: to("log") },
    { keys: "r", label: t.shortcut.rerun, run: () => operate("RERUN") },
    { keys: "Shift+r", label: t.shortcut.downstream, run: () => operate("RERUN_DOWNSTREAM") },
    {
      keys: "p",
      label: t.shortcut.pause,
      run: () => operate(instance.operations.RESUME?.open ? "RESUME" : "PAUSE"),
    },
  ]);
}
