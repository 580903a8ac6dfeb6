import { useQuery } from "@tanstack/react-query";
import { GitFork } from "lucide-react";
import type { ReactNode } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useQueryState } from "../app/url";
import type { Instance } from "../instance/useInstance";
import { Glyph } from "../status/Glyph";
import { FieldIcon, NodeIcon } from "../status/kinds";
import { statusOf } from "../status/status";
import { useTexts } from "../texts/texts";
import { Empty, SkeletonRows } from "../ui/pieces";
import { Canvas, Card, ColumnHead, useWidth } from "./Canvas";
import type { Field } from "./fields";
import { CARD, placed } from "./lineageLayout";
import { NodeFacts } from "./NodeFacts";
import { fieldTexts } from "./texts";

type Reader = Schemas["ConsumingNode"];

/** Who reads a field: nodes downstream with their fields that depend on it; beside it the chosen one. */
export function Consumption({ instance, field, sides }: { instance: Instance; field: Field; sides: ReactNode }) {
  const t = useTexts(fieldTexts);
  const id = instance.line.id;
  const [query, change] = useQueryState();
  const { data, error, refetch } = useQuery({
    queryKey: keys.around(id, "consumption", field.name),
    queryFn: ({ signal }) =>
      api.get("/instances/{id}/lineage/consumption", { path: { id }, query: { field: field.name }, signal }),
    placeholderData: (before) => before,
  });
  const readers = data?.nodes ?? [];
  const chosen =
    readers.find((each) => each.node?.id === Number(query.get("node"))) ?? readers.find((each) => each.node);
  return (
    <>
      <section className="lineage-middle column" aria-label={t.consumptionOf(field.name)}>
        <div className="lineage-head">
          <h2 className="medium ellipsis">{t.consumptionOf(field.name)}</h2>
          <span className="grow" />
          {sides}
        </div>
        {error && <Failure error={error} onRetry={() => void refetch()} />}
        {data ? (
          readers.length > 0 ? (
            <Drawing
              field={field}
              readers={readers}
              chosen={chosen}
              onChoose={(node) => change({ node: String(node) })}
            />
          ) : (
            <Empty icon={GitFork} title={t.noConsumers}>
              {t.noConsumersNote}
            </Empty>
          )
        ) : (
          !error && <SkeletonRows rows={3} label={t.loading} />
        )}
      </section>
      <section className="lineage-side column" aria-label={t.consumers}>
        {chosen?.node && (
          <NodeFacts instance={chosen.instance} node={chosen.node} heading={t.fieldsOf(chosen.node.label)} foreign />
        )}
      </section>
    </>
  );
}

function Drawing({
  field,
  readers,
  chosen,
  onChoose,
}: {
  field: Field;
  readers: readonly Reader[];
  chosen: Reader | undefined;
  onChoose: (node: number) => void;
}) {
  const t = useTexts(fieldTexts);
  const [area, room] = useWidth();
  const keyOf = (reader: Reader) => `${reader.instance} ${reader.node?.id ?? reader.name}`;
  const layout = placed(
    [[{ key: "field", height: CARD.height }], readers.map((reader) => ({ key: keyOf(reader), height: CARD.height }))],
    room,
  );
  const status = statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" });
  return (
    <div className="lineage-area" ref={area}>
      <Canvas
        layout={layout}
        lines={readers.map((reader) => ({
          from: "field",
          to: keyOf(reader),
          strong: reader === chosen,
          dashed: reader.removed,
        }))}
      >
        <ColumnHead x={layout.columns[0] ?? 0}>{t.field}</ColumnHead>
        <ColumnHead x={layout.columns[1] ?? 0}>{t.consumers}</ColumnHead>
        <Card
          at={layout.places.get("field")}
          status={status}
          icon={<FieldIcon />}
          name={field.name}
          note={field.label || field.type}
          glyph={<Glyph status={status} />}
        />
        {readers.map((reader) => {
          const { node } = reader;
          const its = node ? statusOf(node.status, { paused: node.paused }) : undefined;
          const note = reader.visible ? reader.fields.join(", ") || t.entire : t.hidden;
          return (
            <Card
              key={keyOf(reader)}
              at={layout.places.get(keyOf(reader))}
              status={its}
              icon={<NodeIcon />}
              name={node ? node.label : reader.name}
              note={reader.removed ? `${t.removed}, ${note}` : note}
              locked={!reader.visible}
              current={reader === chosen}
              glyph={its && <Glyph status={its} />}
              onSelect={node ? () => onChoose(node.id) : undefined}
            />
          );
        })}
      </Canvas>
    </div>
  );
}
