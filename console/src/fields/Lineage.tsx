import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Failure } from "../app/Page";
import { useQueryState } from "../app/url";
import type { Instance } from "../instance/useInstance";
import { Glyph } from "../status/Glyph";
import { statusOf } from "../status/status";
import { useTexts } from "../texts/texts";
import { Segmented } from "../ui/Button";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Name, SkeletonRows, Tag } from "../ui/pieces";
import { Consumption } from "./Consumption";
import { type Field, fitting, isKey } from "./fields";
import "./lineage.css";
import { Production } from "./Production";
import { fieldTexts } from "./texts";
import { useFields } from "./useFields";

export type Side = "production" | "consumption";

/** The fields of the instance, and of the chosen one how it is made, or who reads it. The address has the field and the side. */
export function Lineage({ instance }: { instance: Instance }) {
  const t = useTexts(fieldTexts);
  const [query, change] = useQueryState();
  const { data, error, refetch } = useFields(instance.line.id);
  const side: Side = query.get("side") === "consumption" ? "consumption" : "production";
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  const wanted = data.items.find((field) => field.name === query.get("field") && !isKey(field));
  const field = wanted ?? data.items.find((each) => !isKey(each)) ?? data.items[0];
  if (!field) return <SkeletonRows rows={0} label={t.none} />;
  const sides = (
    <Segmented<Side>
      label={t.side}
      value={side}
      options={[
        { value: "production", label: t.sides.production },
        { value: "consumption", label: t.sides.consumption },
      ]}
      onChange={(value) => change({ side: value === "production" ? null : value, node: null })}
    />
  );
  const props = { instance, field, sides, key: field.name };
  return (
    <div className="lineage">
      <FieldList
        fields={data.items}
        current={field.name}
        onChoose={(name) => change({ field: name, copy: null, node: null })}
      />
      {side === "production" ? <Production {...props} key={field.name} /> : <Consumption {...props} key={field.name} />}
    </div>
  );
}

function FieldList({
  fields,
  current,
  onChoose,
}: {
  fields: readonly Field[];
  current: string;
  onChoose: (name: string) => void;
}) {
  const t = useTexts(fieldTexts);
  const [search, setSearch] = useState("");
  return (
    <section className="lineage-fields column" aria-label={t.chooseField}>
      <div className="lineage-head">
        <h2 className="medium">{t.fields}</h2>
        <span className="muted">{fields.filter((field) => !isKey(field)).length}</span>
      </div>
      <div className="lineage-find">
        <SearchField value={search} onChange={setSearch} placeholder={t.find} />
      </div>
      <ul className="pick-list">
        {fitting(fields, search, []).map((field) => (
          <li key={field.name}>
            {isKey(field) ? (
              <span className="muted">
                <Icon of={KeyRound} size={14} />
                <Name>{field.name}</Name>
              </span>
            ) : (
              <button
                type="button"
                aria-current={field.name === current ? "true" : undefined}
                onClick={() => onChoose(field.name)}
              >
                <Glyph
                  status={statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" })}
                />
                <Name>{field.name}</Name>
                {field.nodes.length > 1 && <Tag>{t.copies(field.nodes.length)}</Tag>}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
