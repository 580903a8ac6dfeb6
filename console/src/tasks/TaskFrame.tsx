import "./tasks.css";
import { Factory, FilePenLine, MapPinOff, PencilLine, Repeat } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation, useParams } from "wouter";
import { ApiError } from "../api/client";
import { Failure, Page } from "../app/Page";
import { inEnvironment, useEnvironment } from "../app/url";
import { KindIcon } from "../status/kinds";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Empty, SkeletonRows, Tag } from "../ui/pieces";
import { taskTexts } from "./texts";
import { linksOf, type Task, taskPath, useProjects, useTask } from "./useTask";

export type TaskTab = "definition" | "dag" | "versions" | "edit";

/** What the pages of one task share: its name, its tabs, and the ways to its instances, its other node and its definition. */
export function TaskFrame({ tab, children }: { tab: TaskTab; children: (task: Task) => ReactNode }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const id = decodeURIComponent(useParams<{ id: string }>().id ?? "");
  const { data, error, refetch } = useTask(id);
  const title = data ? `${t.tabs[tab]} · ${data.line.name}` : t.tabs[tab];
  const crumbs = [
    { label: t.tasks, to: "/tasks" },
    ...(tab === "definition"
      ? [{ label: data?.line.name ?? id }]
      : [{ label: data?.line.name ?? id, to: taskPath(id) }, { label: t.tabs[tab] }]),
  ];
  const isMissing = error instanceof ApiError && error.status === 404;
  return (
    <Page
      title={title}
      heading={
        data ? (
          <span className="row gap-2">
            <KindIcon kind={data.line.kind} size={16} />
            {data.line.name}
          </span>
        ) : (
          id
        )
      }
      crumbs={crumbs}
      beside={data && <Beside task={data} tab={tab} />}
      actions={data && <Actions task={data} />}
      className="task-page"
    >
      {isMissing ? (
        <Empty
          icon={MapPinOff}
          title={t.missing}
          action={<Link href={inEnvironment("/tasks", environment)}>{t.toList}</Link>}
        >
          {t.missingNote(id)}
        </Empty>
      ) : (
        <Failure error={error} onRetry={() => void refetch()} />
      )}
      {!data && !error && <SkeletonRows label={t.loading} />}
      {data && children(data)}
    </Page>
  );
}

function Beside({ task, tab }: { task: Task; tab: TaskTab }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const pages = { definition: "", dag: "dag", versions: "versions", edit: "edit" } as const;
  return (
    <nav className="tabs" aria-label={t.tabList}>
      {(["definition", "dag", "versions", "edit"] as const).map((each) => (
        <Link
          key={each}
          href={inEnvironment(taskPath(task.line.id, pages[each]), environment)}
          aria-current={each === tab ? "page" : undefined}
        >
          {t.tabs[each]}
          {each === "versions" && <span className="n">{task.line.version}</span>}
        </Link>
      ))}
    </nav>
  );
}

/** The ways from a task to its instances, its other node and its definition, each with the reason when it does not apply. */
export function useTaskWays(task: { id: string; project: string; biz_type: string }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const { data } = useProjects();
  const mode = data?.items.find((each) => each.name === task.project)?.mode;
  const links = linksOf(mode, environment);
  const reason = (refusal: keyof typeof links) => {
    const code = links[refusal];
    return code === null ? undefined : t[code];
  };
  const tab = task.biz_type === "SCRIPT" ? "&tab=scripts" : "";
  const go = (path: string, to = environment) => navigate(inEnvironment(path, to));
  return [
    {
      name: t.instances,
      icon: Repeat,
      reason: undefined,
      run: () => go(`/instances?task=${encodeURIComponent(task.id)}&bizdate=all${tab}`),
    },
    { name: t.viewProduction, icon: Factory, reason: reason("production"), run: () => go(taskPath(task.id), "PROD") },
    {
      name: t.editDevelopment,
      icon: FilePenLine,
      reason: reason("development"),
      run: () => go(taskPath(task.id, "edit"), "DEV"),
    },
    { name: t.editNode, icon: PencilLine, reason: reason("edit"), run: () => go(taskPath(task.id, "edit"), "PROD") },
  ];
}

function Actions({ task }: { task: Task }) {
  return useTaskWays(task.line).map((way) => (
    <Button key={way.name} icon={way.icon} reason={way.reason} onClick={way.run}>
      {way.name}
    </Button>
  ));
}

/** The tags of a task; `short`: the first, and how many more there are. */
export function Tags({ of, short = false }: { of: readonly string[]; short?: boolean }) {
  if (of.length === 0) return <span className="muted">–</span>;
  if (short)
    return (
      <span className="tags" title={of.join(", ")}>
        <Tag>{of[0]}</Tag>
        {of.length > 1 && <span className="muted t-11">+{of.length - 1}</span>}
      </span>
    );
  return (
    <span className="row gap-1">
      {of.map((tag) => (
        <Tag key={tag}>{tag}</Tag>
      ))}
    </span>
  );
}
