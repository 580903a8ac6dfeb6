import type { ReactNode } from "react";
import type { Schemas } from "../api/client";
import { useZone } from "../app/session";
import { reasonText } from "../operation/names";
import { StatusText } from "../status/Glyph";
import { statusOf } from "../status/status";
import { dateTime, NONE } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Name } from "../ui/pieces";
import { logTexts } from "./texts";

/** One operation: who did what to which fields, and what it made of each node. */
export function OperationEntry({
  entry,
  nodes,
}: {
  entry: Schemas["OperationView"];
  nodes: readonly Schemas["NodeLine"][];
}) {
  const t = useTexts(logTexts);
  const language = useLanguage();
  const zone = useZone();
  const along = entry.closure_fields.filter((name) => !entry.selected_fields.includes(name));
  const reason = entry.error_code ? reasonText(language, entry.error_code, entry.reason) : entry.reason;
  const facts: [string, ReactNode][] = [
    [t.at, dateTime(entry.at, zone)],
    [t.operator, entry.operator],
    [t.view, (t.views as Record<string, string>)[entry.perspective] ?? entry.perspective],
    [t.outcome, (t.outcomes as Record<string, string>)[entry.outcome] ?? entry.outcome],
    ...(reason ? [[t.reason, reason] as [string, ReactNode]] : []),
    [t.selected, entry.selected_fields.join(", ") || t.entire],
    ...(entry.selected_fields.length > 0 ? [[t.closure, along.join(", ") || NONE] as [string, ReactNode]] : []),
    ...optionsOf(entry.document).map(([name, value]): [string, ReactNode] => [
      name,
      value === true ? t.yes : value === false ? t.no : String(value),
    ]),
    ...(entry.instances.length > 1 ? [[t.instances, entry.instances.join(", ")] as [string, ReactNode]] : []),
    ...(entry.batch ? [[t.batch, <Name key="batch">{entry.batch}</Name>] as [string, ReactNode]] : []),
  ];
  const changed = [...new Set([...Object.keys(entry.node_before), ...Object.keys(entry.node_after)])];
  const status = (code: string | undefined) => (code ? <StatusText status={statusOf(code)} /> : NONE);
  return (
    <>
      <dl className="operation-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {changed.length > 0 && (
        <table className="operation-nodes">
          <thead>
            <tr>
              <th>{t.node}</th>
              <th>{t.before}</th>
              <th>{t.after}</th>
            </tr>
          </thead>
          <tbody>
            {changed.map((id) => (
              <tr key={id}>
                <td>{nodes.find((node) => node.id === Number(id))?.name ?? id}</td>
                <td>{status(entry.node_before[id])}</td>
                <td>{status(entry.node_after[id])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** Options of an entry that were chosen, as `name` and plain value. */
export function optionsOf(document: Readonly<Record<string, unknown>>): [string, string | number | boolean][] {
  const { options } = document;
  if (typeof options !== "object" || options === null) return [];
  return Object.entries(options).flatMap(([name, value]): [string, string | number | boolean][] =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? [[name, value]] : [],
  );
}
