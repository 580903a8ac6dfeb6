import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { InstanceFrame, instancePath } from "../instance/InstanceFrame";
import { type Instance, isScript } from "../instance/useInstance";
import { runDay } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Select } from "../ui/Menu";
import { SkeletonRows } from "../ui/pieces";
import { warm } from "./arrange";
import { DagDrawer } from "./DagDrawer";
import { Graph, NodesButton } from "./Graph";
import { type Choice, pictureOf } from "./graph";
import { InstanceHover } from "./InstanceHover";
import { InstanceMenu } from "./InstanceMenu";
import { graphOf, moreOf } from "./instanceGraph";
import { dagTexts } from "./texts";
import { useFollow } from "./useFollow";

export default function InstanceDagPage() {
  return (
    <InstanceFrame tab="dag">{(instance) => <InstanceDag key={instance.line.id} instance={instance} />}</InstanceFrame>
  );
}

const LEVELS = [0, 1, 2, 3, 5, 10, 100] as const;
const MOST = 10_000;
/** Under which pictures are kept: they are read anew only when something changes that they show. */
const DAG = ["dag"] as const;
const FIRST = 500;

function levelOf(text: string | null): number {
  const level = Number(text ?? 1);
  return Number.isInteger(level) && level >= 0 && level <= 100 ? level : 1;
}

/** The dependencies of an instance. What is shown is in the address: levels, opened tables, further neighbours, what is chosen. */
function InstanceDag({ instance }: { instance: Instance }) {
  const t = useTexts(dagTexts);
  const language = useLanguage();
  const zone = useZone();
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const [query, change] = useQueryState();
  const id = instance.line.id;
  const up = levelOf(query.get("up"));
  const down = levelOf(query.get("down"));
  const limit = query.get("limit") === "all" ? MOST : FIRST;
  const text = query.get("nodes");
  const atFirst = isScript(instance) ? "" : String(id);
  const own = instance.line;
  const tables = (text ?? atFirst).split(".").filter(Boolean);
  const isAll = tables.includes("all");
  const moreText = query.get("more") ?? "";
  const chosenNode = query.get("of");
  const chosenRow = query.get("node");
  const chosen = useMemo<Choice | null>(
    () => (chosenNode ? { node: chosenNode, row: chosenRow ?? undefined } : null),
    [chosenNode, chosenRow],
  );
  const [allRows, setAllRows] = useState<ReadonlySet<string>>(new Set());

  const expand = isAll ? ["all"] : tables.filter((each) => /^\d+$/.test(each));
  const asked = { up, down, limit, expand, more: moreOf(moreText) };
  useEffect(() => {
    if (limit === MOST) warm();
  }, [limit]);
  const main = useQuery({
    queryKey: [...DAG, id, asked],
    queryFn: ({ signal }) => api.get("/instances/{id}/dag", { path: { id }, query: asked, signal }),
    placeholderData: keepPreviousData,
  });
  const dag = main.data;
  const ids = useMemo(() => new Set(dag?.instances.map((each) => each.id)), [dag]);
  useFollow(DAG, ids);
  const fieldsOf = chosen?.row && /^\d+$/.test(chosen.node) ? Number(chosen.node) : null;
  const fields = useFieldsOf(fieldsOf);
  const day = runDay(instance.line.bizdate);
  // What is chosen changes the picture only where a row opens.
  const row = useMemo(
    () => (chosenNode && chosenRow ? { node: chosenNode, row: chosenRow } : null),
    [chosenNode, chosenRow],
  );
  const picture = useMemo(() => {
    if (!dag) return null;
    const { nodes, edges } = graphOf(dag, row, fields, allRows, { language, zone, day, bizdate: own.bizdate });
    return pictureOf(nodes, edges, String(id));
  }, [dag, row, fields, allRows, language, zone, day, own.bizdate, id]);

  const choose = useCallback(
    (choice: Choice | null) => {
      if (choice?.row === "more") setAllRows((rows) => new Set(rows).add(choice.node));
      else change({ of: choice?.node ?? null, node: choice?.row ?? null });
    },
    [change],
  );
  const more = useCallback(
    (of: string, direction: "up" | "down") => {
      const each = `${direction === "up" ? "u" : "d"}${of}`;
      change({ more: [...new Set([...moreText.split(".").filter(Boolean), each])].join(".") }, { push: true });
    },
    [change, moreText],
  );
  const shown = dag?.instances;
  const centre = (of: number) => navigate(inEnvironment(instancePath(of, "dag"), environment));
  const toggle = (of: string) => {
    const each = shown?.find((other) => String(other.id) === of);
    if (!each?.visible || each.biz_type !== "LOGICAL_TABLE") return;
    const open = isAll ? (shown ?? []).filter((one) => one.nodes).map((one) => String(one.id)) : tables;
    const next = open.includes(of) ? open.filter((one) => one !== of) : [...open, of];
    change({ nodes: next.length > 0 ? next.join(".") : "none" });
  };

  if (!picture || !dag)
    return main.error ? (
      <Failure error={main.error} onRetry={() => void main.refetch()} />
    ) : (
      <SkeletonRows label={t.loading} />
    );
  const levels = LEVELS.map((level) => ({
    value: String(level),
    label: level === 100 ? t.allLevels : t.levels(level),
  }));
  const chosenInstance = shown?.find((each) => String(each.id) === chosen?.node);
  return (
    <>
      {main.error && <Failure error={main.error} onRetry={() => void main.refetch()} />}
      <Graph
        picture={picture}
        centre={String(id)}
        name={instance.line.name}
        chosen={chosen}
        onChoose={choose}
        onMore={more}
        onToggle={toggle}
        hover={(node) => {
          const each = shown?.find((other) => String(other.id) === node.id);
          return each && <InstanceHover instance={each} day={day} />;
        }}
        menu={(choice, at, close) => {
          const each = shown?.find((other) => String(other.id) === choice.node);
          if (!each?.visible || each.biz_type === "ROOT") return null;
          return (
            <InstanceMenu
              instance={each}
              choice={choice}
              at={at}
              isCentre={each.id === id}
              onChoose={choose}
              onToggle={toggle}
              onCentre={() => centre(each.id)}
              onClose={close}
            />
          );
        }}
        tools={
          <>
            <Select
              label={t.parents}
              value={String(up)}
              options={levels}
              onChange={(value) => change({ up: value === "1" ? null : value })}
            />
            <Select
              label={t.children}
              value={String(down)}
              options={levels}
              onChange={(value) => change({ down: value === "1" ? null : value })}
            />
            <NodesButton pressed={isAll} onPress={() => change({ nodes: isAll ? null : "all" })} />
          </>
        }
        notice={
          !dag.complete &&
          limit === FIRST &&
          dag.instances.length >= FIRST && (
            <>
              {t.limited(limit)}
              <Button size="small" onClick={() => change({ limit: "all" })}>
                {t.showMore}
              </Button>
            </>
          )
        }
        drawer={
          chosenInstance && (
            <DagDrawer
              key={`${chosen?.node}/${chosen?.row ?? ""}`}
              dag={dag}
              instance={chosenInstance}
              row={chosen?.row ?? null}
              isCentre={chosenInstance.id === id}
              day={day}
              onChoose={choose}
              onToggle={toggle}
              onCentre={() => centre(chosenInstance.id)}
            />
          )
        }
      />
    </>
  );
}

/** Fields of the instance of which a node is chosen; the same answer as that of its page. */
function useFieldsOf(instance: number | null) {
  const { data } = useQuery({
    queryKey: keys.instance(instance ?? 0, "fields"),
    queryFn: ({ signal }) => api.get("/instances/{id}/fields", { path: { id: instance ?? 0 }, signal }),
    enabled: instance !== null && instance > 0,
  });
  return instance === null ? undefined : data?.items;
}
