import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Lasting } from "../app/Lasting";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { diagnosisTexts, useFindingText } from "../fields/diagnosisTexts";
import { operationNames, reasonText } from "../operation/names";
import type { OperationName } from "../operation/open";
import { Glyph } from "../status/Glyph";
import { NodeIcon } from "../status/kinds";
import { type Status, statusOf } from "../status/status";
import { timeOn } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Empty, Name, SkeletonRows, Tag } from "../ui/pieces";
import { Refused } from "./Attempts";
import { drawerTexts } from "./drawerTexts";
import { type NodeLine, statusOfNode } from "./instanceGraph";

export function NodesPart({
  nodes,
  onChoose,
}: {
  nodes: readonly NodeLine[] | undefined;
  onChoose: (node: number) => void;
}) {
  const t = useTexts(drawerTexts);
  if (!nodes) return <SkeletonRows rows={3} label={t.loading} />;
  return (
    <ul className="dag-list">
      {nodes.map((node) => (
        <li key={node.id}>
          <button type="button" onClick={() => onChoose(node.id)}>
            <Glyph status={statusOfNode(node)} size={14} />
            <NodeIcon />
            <Name className="grow">{node.name}</Name>
            <span className="muted t-11">{t.fields(node.fields.length)}</span>
            <span className="muted t-11 dag-list-end">
              <Lasting of={node} />
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

export function FieldsPart({ instance, only }: { instance: number; only: readonly string[] | undefined }) {
  const t = useTexts(drawerTexts);
  const { data, error, refetch } = useQuery({
    queryKey: keys.instance(instance, "fields"),
    queryFn: ({ signal }) => api.get("/instances/{id}/fields", { path: { id: instance }, signal }),
  });
  if (!data)
    return error ? (
      <Refused error={error} onRetry={() => void refetch()} />
    ) : (
      <SkeletonRows rows={5} label={t.loading} />
    );
  const shown = data.items.filter((field) => only === undefined || only.includes(field.name));
  if (shown.length === 0) return <Empty title={t.noFields} />;
  return (
    <ul className="dag-list">
      {shown.map((field) => (
        <li key={field.name} className="row gap-2">
          {field.status ? (
            <Glyph
              status={statusOf(field.status, { waiting: field.waiting, paused: field.paused === "paused" })}
              size={14}
            />
          ) : (
            <i className="dag-keyless" />
          )}
          <Name className="grow">{field.name}</Name>
          <span className="muted t-11 ellipsis">
            {field.status ? field.nodes.map((node) => node.name).join(", ") : t.noStatus}
          </span>
        </li>
      ))}
    </ul>
  );
}

const VERDICTS: Record<string, Status> = {
  PASSED: "succeeded",
  FAILED: "failed",
  BLOCKED: "waiting",
  RUNNING: "running",
  WAITING: "waiting",
};

export function DiagnosisPart({ instance, node }: { instance: number; node: number | undefined }) {
  const t = useTexts(drawerTexts);
  const d = useTexts(diagnosisTexts);
  const finding = useFindingText(useZone());
  const environment = useEnvironment();
  const { data, error, refetch } = useQuery({
    queryKey: keys.around(instance, "diagnosis"),
    queryFn: ({ signal }) => api.get("/instances/{id}/diagnosis", { path: { id: instance }, signal }),
  });
  if (!data)
    return error ? (
      <Refused error={error} onRetry={() => void refetch()} />
    ) : (
      <SkeletonRows rows={5} label={t.loading} />
    );
  const shown = data.items.filter((each) => node === undefined || each.node.id === node);
  return shown.map((each) => (
    <section key={each.node.id} className="dag-checks" aria-label={each.node.label}>
      {node === undefined && <h3 className="t-12 medium">{each.node.name}</h3>}
      <ol>
        {each.checks.map((check) => (
          <li key={check.check}>
            <Glyph status={VERDICTS[check.verdict] ?? "notRunning"} size={14} label="" />
            <span className="medium">{(d.checks as Record<string, string>)[check.check] ?? check.check}</span>
            <span className="soft">{finding(check)}</span>
          </li>
        ))}
      </ol>
      {each.blocking_count > 0 && (
        <div className="t-12 dag-blockers">
          <p className="muted">{t.blocking(each.blocking_count)}</p>
          <ul>
            {each.blocking.slice(0, 5).map((blocker) => (
              <li key={blocker.node.id}>
                {blocker.node.visible ? (
                  <Link
                    className="medium"
                    href={inEnvironment(
                      `/instances/${blocker.node.instance}/diagnosis?node=${blocker.node.id}`,
                      environment,
                    )}
                  >
                    {blocker.node.label}
                  </Link>
                ) : (
                  <b className="medium">{blocker.node.label}</b>
                )}{" "}
                <span className="soft">{blocker.node.visible ? finding(blocker) : d.hidden}</span>
              </li>
            ))}
          </ul>
          {each.blocking_count > 5 && <p className="muted">{t.andMore(each.blocking_count - 5)}</p>}
        </div>
      )}
    </section>
  ));
}

export function CodePart({ instance, node }: { instance: number; node: number | undefined }) {
  const t = useTexts(drawerTexts);
  const { data, error, refetch } = useQuery({
    queryKey: keys.instance(instance, "code"),
    queryFn: ({ signal }) => api.get("/instances/{id}/code", { path: { id: instance }, signal }),
  });
  if (!data)
    return error ? (
      <Refused error={error} onRetry={() => void refetch()} />
    ) : (
      <SkeletonRows rows={5} label={t.loading} />
    );
  const shown = data.items.filter((each) => node === undefined || each.id === node);
  if (shown.length === 0) return <Empty title={t.noCode} />;
  return shown.map((each) => <Code key={each.id} node={each} named={node === undefined} />);
}

function Code({ node, named }: { node: Schemas["NodeCode"]; named: boolean }) {
  const t = useTexts(drawerTexts);
  const code = node.latest?.code ?? node.current;
  return (
    <section className="dag-code" aria-label={node.name}>
      {named && <h3 className="t-12 medium">{node.name}</h3>}
      <p className="t-12 muted">{node.latest ? t.codeRan(node.latest.number) : t.codeNow}</p>
      {code?.code ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
        <pre className="mono" tabIndex={0}>
          {code.code}
        </pre>
      ) : (
        <p className="t-12">{t.virtualCode}</p>
      )}
    </section>
  );
}

export function OperationsPart({ instance, day }: { instance: number; day: string }) {
  const t = useTexts(drawerTexts);
  const language = useLanguage();
  const names = useTexts(operationNames);
  const zone = useZone();
  const { data, error, refetch } = useQuery({
    queryKey: keys.instance(instance, "operations", "latest"),
    queryFn: ({ signal }) =>
      api.get("/instances/{id}/operations", { path: { id: instance }, query: { limit: 10 } as never, signal }),
  });
  if (!data)
    return error ? (
      <Refused error={error} onRetry={() => void refetch()} />
    ) : (
      <SkeletonRows rows={3} label={t.loading} />
    );
  if (data.items.length === 0) return <Empty title={t.noOperations} />;
  return (
    <ol className="dag-list">
      {data.items.map((each) => (
        <li key={each.id} className="dag-operation">
          <span className="row gap-2">
            <b className="medium grow ellipsis">{names[each.operation as OperationName] ?? each.operation}</b>
            {each.error_code && <Tag>{t.refused}</Tag>}
            <span className="muted t-11">{timeOn(each.at, zone, day)}</span>
          </span>
          <span className="muted t-11">
            {each.operator}
            {each.error_code && `: ${reasonText(language, each.error_code, each.reason)}`}
          </span>
        </li>
      ))}
    </ol>
  );
}
