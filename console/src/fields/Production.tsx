import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useLocation } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Lasting } from "../app/Lasting";
import { Failure } from "../app/Page";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { instancePath } from "../instance/InstanceFrame";
import { type Instance, useNodes } from "../instance/useInstance";
import { Glyph } from "../status/Glyph";
import { FieldIcon, NodeIcon } from "../status/kinds";
import { statusOf } from "../status/status";
import { useTexts } from "../texts/texts";
import { Switch } from "../ui/Choice";
import { Select } from "../ui/Menu";
import { Empty, Name, SkeletonRows } from "../ui/pieces";
import { Canvas, Card, ColumnHead, type Line, useWidth } from "./Canvas";
import type { Field, Node } from "./fields";
import { CARD, HEADING, placed } from "./lineageLayout";
import { NodeFacts } from "./NodeFacts";
import { fieldTexts } from "./texts";
import { useFields } from "./useFields";

type Lineage = Schemas["ProductionLineage"];

/** How a field is made: what is read, the nodes that compute it (one copy chosen), the field; beside it the nodes of the instance. */
export function Production({ instance, field, sides }: { instance: Instance; field: Field; sides: ReactNode }) {
  const t = useTexts(fieldTexts);
  const id = instance.line.id;
  const [query, change] = useQueryState();
  const [blocking, setBlocking] = useState(false);
  const fields = useFields(id);
  const nodes = useNodes(id);
  const { data, error, refetch } = useQuery({
    queryKey: keys.around(id, "production", field.name),
    queryFn: ({ signal }) =>
      api.get("/instances/{id}/lineage/production", { path: { id }, query: { field: field.name }, signal }),
    placeholderData: (before) => before,
  });
  const wanted = Number(query.get("copy"));
  const copy = data?.nodes.find((each) => each.node.id === wanted) ?? data?.nodes[0];
  const shown =
    nodes.data?.items.find((node) => node.id === Number(query.get("node"))) ??
    nodes.data?.items.find((node) => node.id === copy?.node.id) ??
    nodes.data?.items[0];
  return (
    <>
      <section className="lineage-middle column" aria-label={t.productionOf(field.name)}>
        <div className="lineage-head">
          <h2 className="medium ellipsis">{t.productionOf(field.name)}</h2>
          <span className="grow" />
          <Switch checked={blocking} onChange={setBlocking}>
            {t.blocking}
          </Switch>
          {data && data.nodes.length > 1 && copy && (
            <Select
              label={t.copy}
              value={String(copy.node.id)}
              options={data.nodes.map(({ node }) => ({ value: String(node.id), label: node.name }))}
              onChange={(value) => change({ copy: value, node: null })}
            />
          )}
          {sides}
        </div>
        {error && <Failure error={error} onRetry={() => void refetch()} />}
        {data ? (
          <Drawing
            lineage={data}
            copy={copy?.node.id}
            blocking={blocking}
            onCopy={(node) => change({ copy: String(node), node: null })}
          />
        ) : (
          !error && <SkeletonRows rows={3} label={t.loading} />
        )}
      </section>
      <section className="lineage-side column" aria-label={t.nodesLabel}>
        <div className="lineage-head">
          <h2 className="medium">{t.nodesLabel}</h2>
          <span className="muted">{nodes.data?.items.length}</span>
        </div>
        <NodePicks
          nodes={nodes.data?.items ?? []}
          current={shown?.id}
          onChoose={(node) => change({ node: String(node) })}
        />
        {shown && <NodeFacts instance={id} node={shown} fields={fields.data?.items} heading={t.fieldsOf(shown.name)} />}
      </section>
    </>
  );
}

function NodePicks({
  nodes,
  current,
  onChoose,
}: {
  nodes: readonly Node[];
  current: number | undefined;
  onChoose: (node: number) => void;
}) {
  return (
    <ul className="pick-list nodes">
      {nodes.map((node) => (
        <li key={node.id}>
          <button
            type="button"
            aria-current={node.id === current ? "true" : undefined}
            onClick={() => onChoose(node.id)}
          >
            <Glyph status={statusOf(node.status, { paused: node.paused })} />
            <Name className="grow">{node.name}</Name>
            <span className="muted t-12">
              <Lasting of={node} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Drawing({
  lineage,
  copy,
  blocking,
  onCopy,
}: {
  lineage: Lineage;
  copy: number | undefined;
  blocking: boolean;
  onCopy: (node: number) => void;
}) {
  const t = useTexts(fieldTexts);
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const [area, room] = useWidth();
  const { field, nodes } = lineage;
  if (nodes.length === 0) return <Empty title={t.noNodes} />;
  const reads = [...new Map(nodes.flatMap((each) => each.reads).map((read) => [read.instance, read])).values()];
  const blockers = blocking
    ? [...new Map(nodes.flatMap((each) => each.blocking).map((node) => [node.id, node])).values()]
    : [];
  const first = [
    ...reads.map((read) => ({ key: `r${read.instance}`, height: CARD.height })),
    ...(blocking ? [{ key: "blocking", height: HEADING }] : []),
    ...blockers.map((node) => ({ key: `b${node.id}`, height: CARD.height })),
  ];
  const layout = placed(
    [
      first,
      nodes.map(({ node }) => ({ key: `n${node.id}`, height: CARD.height })),
      [{ key: "field", height: CARD.height }],
    ],
    room,
  );
  const lines: Line[] = nodes.flatMap((each) => {
    const strong = each.node.id === copy;
    return [
      ...each.reads.map((read) => ({
        from: `r${read.instance}`,
        to: `n${each.node.id}`,
        strong,
        dashed: read.removed,
      })),
      ...(blocking ? each.blocking : []).map((node) => ({
        from: `b${node.id}`,
        to: `n${each.node.id}`,
        strong,
        dashed: true,
      })),
      { from: `n${each.node.id}`, to: "field", strong },
    ];
  });
  const good = nodes.filter((each) => each.node.status === "SUCCESS").map((each) => each.node.name);
  const bad = nodes.filter((each) => each.node.status !== "SUCCESS").map((each) => each.node.name);
  const heading = layout.places.get("blocking");
  return (
    <div className="lineage-area" ref={area}>
      <Canvas layout={layout} lines={lines}>
        <ColumnHead x={layout.columns[0] ?? 0}>{t.sources}</ColumnHead>
        <ColumnHead x={layout.columns[1] ?? 0}>{t.producing}</ColumnHead>
        <ColumnHead x={layout.columns[2] ?? 0}>{t.field}</ColumnHead>
        {reads.map((read) => (
          <Card
            key={read.instance}
            at={layout.places.get(`r${read.instance}`)}
            status={read.status ? statusOf(read.status, { paused: read.paused }) : undefined}
            name={read.name}
            note={
              read.visible
                ? [...(read.removed ? [t.removed] : []), [...read.fields].join(", ") || t.entire].join(", ")
                : `${read.project}: ${t.hidden}`
            }
            locked={!read.visible}
            glyph={read.status && <Glyph status={statusOf(read.status, { paused: read.paused })} />}
            onSelect={
              read.visible && read.instance > 0
                ? () =>
                    navigate(
                      inEnvironment(
                        instancePath(
                          read.instance,
                          read.fields.length > 0 ? "lineage" : "fields",
                          read.fields[0] ? { field: read.fields[0] } : {},
                        ),
                        environment,
                      ),
                    )
                : undefined
            }
          />
        ))}
        {heading && (
          <ColumnHead x={heading.x} y={heading.y}>
            {blockers.length > 0 ? t.blocking : t.nothingBlocks}
          </ColumnHead>
        )}
        {blockers.map((node) => (
          <Card
            key={node.id}
            at={layout.places.get(`b${node.id}`)}
            status={statusOf(node.status, { paused: node.paused })}
            icon={<NodeIcon />}
            name={node.name}
            note={node.visible ? `${node.label} · ${node.project}` : t.hidden}
            locked={!node.visible}
            glyph={node.visible && <Glyph status={statusOf(node.status, { paused: node.paused })} />}
            onSelect={
              node.visible
                ? () =>
                    navigate(
                      inEnvironment(instancePath(node.instance, "diagnosis", { node: String(node.id) }), environment),
                    )
                : undefined
            }
          />
        ))}
        {nodes.map(({ node }, at) => (
          <Card
            key={node.id}
            at={layout.places.get(`n${node.id}`)}
            status={statusOf(node.status, { paused: node.paused })}
            icon={<NodeIcon />}
            name={node.name}
            note={
              <>
                {nodes.length > 1 && `${t.copy} ${at + 1}, `}
                <Lasting of={node} />
              </>
            }
            current={node.id === copy}
            glyph={<Glyph status={statusOf(node.status, { paused: node.paused })} />}
            onSelect={() => onCopy(node.id)}
          />
        ))}
        <Card
          at={layout.places.get("field")}
          status={statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" })}
          icon={<FieldIcon />}
          name={field.name}
          note={field.label || field.type}
          glyph={
            <Glyph
              status={statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" })}
            />
          }
        />
      </Canvas>
      <div className="lineage-note">
        {good.length > 0 && bad.length > 0 && (
          <p>
            <b className="medium">{t.disagree}</b> {t.disagreeNote(good.join(", "), bad.join(", "))}
          </p>
        )}
        {field.sources.length > 0 && (
          <p>
            <span className="muted">{t.computedFrom}</span> {field.sources.join(", ")}
          </p>
        )}
        {reads.length === 0 && <p>{t.noReads}</p>}
      </div>
    </div>
  );
}
