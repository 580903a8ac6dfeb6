import { Code, FileText, History, KeyRound, TableProperties } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";
import { Lasting } from "../app/Lasting";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { instancePath } from "../instance/InstanceFrame";
import { Glyph, StatusText } from "../status/Glyph";
import { statusOf } from "../status/status";
import { dateTime, NONE } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { Name } from "../ui/pieces";
import type { Field, Node } from "./fields";
import { fieldTexts } from "./texts";

/** A long path that breaks at its joints. */
function Path({ children }: { children: string }) {
  return (
    <span className="path">
      {children.split(/(?<=[._])/).map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other name
        <Fragment key={at}>
          {part}
          <wbr />
        </Fragment>
      ))}
    </span>
  );
}

/** A node beside a lineage: its fields, what it writes, its attempts, and the ways to its log and code. `marked`: fields that matter here. */
export function NodeFacts({
  instance,
  node,
  fields,
  heading,
  foreign = false,
}: {
  instance: number;
  node: Node;
  /** Of the instance, to show the status of each; without them only names. */
  fields?: readonly Field[];
  heading: ReactNode;
  /** Of another instance than the page. */
  foreign?: boolean;
}) {
  const t = useTexts(fieldTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const to = (tab: "log" | "code" | "operations" | "fields") =>
    inEnvironment(
      instancePath(instance, tab, tab === "log" || tab === "code" ? { node: String(node.id) } : {}),
      environment,
    );
  const facts: [string, ReactNode][] = [
    [t.status, <StatusText key="status" status={statusOf(node.status, { paused: node.paused })} />],
    [t.table, node.table ? <Path key="table">{node.table}</Path> : NONE],
    [t.attempts, node.attempt || NONE],
    [t.start, dateTime(node.started_at, zone)],
    [t.end, dateTime(node.ended_at, zone)],
    [t.duration, <Lasting key="duration" of={node} />],
    [t.instance, instance],
  ];
  return (
    <>
      <div className="lineage-head">
        <h2 className="medium ellipsis">{heading}</h2>
      </div>
      <ul className="pick-list own-height">
        {node.fields.map((name) => {
          const field = fields?.find((each) => each.name === name);
          return (
            <li key={name}>
              <span>
                {field?.status ? (
                  <Glyph
                    status={statusOf(field.status, { waiting: field.waiting, paused: field.paused === "paused" })}
                  />
                ) : null}
                <Name>{name}</Name>
              </span>
            </li>
          );
        })}
        {node.keys.map((name) => (
          <li key={name}>
            <span className="muted">
              <Icon of={KeyRound} size={14} />
              <Name>{name}</Name>
            </span>
          </li>
        ))}
      </ul>
      <dl className="lineage-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="lineage-links">
        <Link className="button small" href={to("log")}>
          <Icon of={FileText} size={14} />
          {t.log}
        </Link>
        <Link className="button small" href={to("code")}>
          <Icon of={Code} size={14} />
          {t.code}
        </Link>
        {foreign && (
          <>
            <Link className="button small" href={to("operations")}>
              <Icon of={History} size={14} />
              {t.operationLog}
            </Link>
            <Link className="button small" href={to("fields")}>
              <Icon of={TableProperties} size={14} />
              {t.openInstance}
            </Link>
          </>
        )}
      </div>
    </>
  );
}
