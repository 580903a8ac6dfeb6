import "./tasks.css";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { Link, useLocation, useParams } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { Graph } from "../dag/Graph";
import type { Choice } from "../dag/graph";
import { KindIcon } from "../status/kinds";
import { NONE } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Select } from "../ui/Menu";
import { Empty, SkeletonRows } from "../ui/pieces";
import { Drawer } from "../ui/Sheet";
import { TaskFrame, useTaskWays } from "./TaskFrame";
import { joined, taskPicture } from "./taskGraph";
import { taskTexts } from "./texts";
import { taskPath } from "./useTask";

type Dag = Schemas["TaskDag"];

const LEVELS = [0, 1, 2, 3, 5, 10, 100] as const;
const LIMIT = 2000;

/** The DAG of a task; without one in the address it begins with the first task there is. */
export default function TaskDagPage() {
  const { id } = useParams<{ id?: string }>();
  if (id !== undefined)
    return (
      <TaskFrame tab="dag">
        {(task) => <TaskDag key={task.line.id} id={task.line.id} name={task.line.name} />}
      </TaskFrame>
    );
  return <AnyDag />;
}

function AnyDag() {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const [query, change] = useQueryState();
  const { data, error, refetch } = useQuery({
    queryKey: keys.tasks("list", "names", environment),
    queryFn: ({ signal }) => api.get("/tasks", { query: { environment, limit: 1000 }, signal }),
  });
  const wanted = query.get("task");
  const task = data?.items.find((each) => each.id === wanted) ?? data?.items[0];
  return (
    <Page
      title={t.dagTitle}
      crumbs={[{ label: t.dagTitle }]}
      actions={
        task && (
          <Select
            label={t.depTask}
            value={task.id}
            options={(data?.items ?? []).map((each) => ({ value: each.id, label: each.id }))}
            onChange={(next) => change({ task: next, of: null, more: null }, { push: true })}
          />
        )
      }
    >
      <Failure error={error} onRetry={() => void refetch()} />
      {!data && !error && <SkeletonRows label={t.loading} />}
      {data && !task && (
        <Empty
          title={t.empty}
          action={<code className="mono">taskhouse apply DIR --env {environment.toLowerCase()}</code>}
        >
          {t.emptyNote}
        </Empty>
      )}
      {task && <TaskDag key={task.id} id={task.id} name={task.name} />}
    </Page>
  );
}

function levelOf(text: string | null): number {
  const level = Number(text ?? 1);
  return Number.isInteger(level) && level >= 0 && level <= 100 ? level : 1;
}

function TaskDag({ id, name }: { id: string; name: string }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const [query, change] = useQueryState();
  const asked = { environment, up: levelOf(query.get("up")), down: levelOf(query.get("down")), limit: LIMIT };
  const moreText = query.get("more") ?? "";
  const opened = moreText.split(",").filter(Boolean);
  const around = (task: string, its: typeof asked) => ({
    queryKey: keys.tasks("dag", task, its),
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get("/tasks/{task}/dag", { path: { task }, query: its, signal }),
    placeholderData: keepPreviousData<Dag>,
  });
  const main = useQuery(around(id, asked));
  const others = useQueries({
    queries: opened.map((each) =>
      around(each.slice(1), { ...asked, up: each.startsWith("u") ? 1 : 0, down: each.startsWith("d") ? 1 : 0 }),
    ),
    combine: (results) => ({
      parts: results.map((each) => each.data).filter((each): each is Dag => each !== undefined),
      stamp: results.map((each) => each.dataUpdatedAt).join(),
    }),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stamp says when the parts change
  const dag = useMemo(() => (main.data ? joined([main.data, ...others.parts]) : null), [main.data, others.stamp]);
  const picture = useMemo(
    () => dag && taskPicture(dag, (cycle) => (t.cycles as Record<string, string>)[cycle] ?? cycle),
    [dag, t],
  );
  const of = query.get("of");
  const chosen = useMemo<Choice | null>(() => (of ? { node: of } : null), [of]);
  const choose = useCallback((choice: Choice | null) => change({ of: choice?.node ?? null }), [change]);
  const more = useCallback(
    (task: string, direction: "up" | "down") => {
      const each = `${direction === "up" ? "u" : "d"}${task}`;
      change({ more: [...new Set([...moreText.split(",").filter(Boolean), each])].join(",") }, { push: true });
    },
    [change, moreText],
  );
  if (!dag || !picture)
    return main.error ? (
      <Failure error={main.error} onRetry={() => void main.refetch()} />
    ) : (
      <SkeletonRows label={t.loading} />
    );
  const card = dag.tasks.find((each) => each.id === of);
  const levels = LEVELS.map((level) => ({
    value: String(level),
    label: level === 100 ? t.allLevels : t.levels(level),
  }));
  return (
    <Graph
      picture={picture}
      centre={id}
      name={name}
      chosen={chosen}
      onChoose={choose}
      onMore={more}
      legend={false}
      tools={
        <>
          <Select
            label={t.up}
            value={String(asked.up)}
            options={levels}
            onChange={(up) => change({ up: up === "1" ? null : up })}
          />
          <Select
            label={t.down}
            value={String(asked.down)}
            options={levels}
            onChange={(down) => change({ down: down === "1" ? null : down })}
          />
        </>
      }
      notice={dag.tasks.length >= LIMIT && t.incomplete(LIMIT)}
      drawer={card && <CardDrawer card={card} dag={dag} onClose={() => choose(null)} />}
    />
  );
}

function CardDrawer({ card, dag, onClose }: { card: Schemas["TaskCard"]; dag: Dag; onClose: () => void }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const ways = useTaskWays(card);
  const ups = dag.edges.filter((edge) => edge.down === card.id);
  const facts: [string, string][] = card.visible
    ? [
        [t.project, card.project],
        [t.cycle, (t.cycles as Record<string, string>)[card.cycle] ?? card.cycle],
        [t.head.owner, card.owners.join(", ") || NONE],
      ]
    : [[t.project, card.project]];
  return (
    <Drawer
      label={card.name}
      title={
        <span className="row gap-2">
          <KindIcon kind={card.kind} />
          {card.name}
        </span>
      }
      close={t.close}
      onClose={onClose}
      foot={
        card.visible && (
          <>
            <Button onClick={() => navigate(inEnvironment(taskPath(card.id, "dag"), environment))}>{t.centre}</Button>
            <Button kind="primary" onClick={() => navigate(inEnvironment(taskPath(card.id), environment))}>
              {t.open}
            </Button>
          </>
        )
      }
    >
      {!card.visible && <p className="muted">{t.noRole}</p>}
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {card.visible && (
        <ul className="drawer-ways" aria-label={t.operations}>
          {ways.map((way) => (
            <li key={way.name}>
              <Button kind="ghost" icon={way.icon} reason={way.reason} onClick={way.run}>
                {way.name}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {ups.length > 0 && (
        <>
          <h3 className="drawer-title">{t.dependencies}</h3>
          <ul className="drawer-list">
            {ups.map((edge) => (
              <li key={`${edge.up} ${edge.cycle} ${edge.policy}`}>
                <Link href={inEnvironment(taskPath(edge.up), environment)}>{edge.up}</Link>
                <span className="muted t-12">
                  {(t.windows as Record<string, string>)[edge.cycle] ?? edge.cycle} {edge.fields.join(", ")}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Drawer>
  );
}
