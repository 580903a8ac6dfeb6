import { useQuery } from "@tanstack/react-query";
import { Ban, Check, ChevronRight, FileText, Minus, Pause, SkipForward, Stethoscope } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Lasting } from "../app/Lasting";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment, useQueryState } from "../app/url";
import { InstanceFrame, instancePath } from "../instance/InstanceFrame";
import { NodeList } from "../instance/NodeList";
import type { Instance } from "../instance/useInstance";
import { logTexts, triggerText } from "../logs/texts";
import { Glyph, StatusPill, StatusText } from "../status/Glyph";
import { statusOf } from "../status/status";
import { bizdate, dateTime, duration } from "../texts/format";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { classes } from "../ui/classes";
import { Icon } from "../ui/Icon";
import { Empty, Name, SkeletonRows, Tag } from "../ui/pieces";
import "./diagnosis.css";
import { blockedCheck, type Diagnosis, firstToSee, shortened } from "./diagnosis";
import { diagnosisTexts, noticeText, useFindingText } from "./diagnosisTexts";

/** Why the nodes of an instance do not run: five checks of each, and what the first one that is blocked waits for. */
export default function DiagnosisPage() {
  return <InstanceFrame tab="diagnosis">{(instance) => <Nodes instance={instance} />}</InstanceFrame>;
}

function Nodes({ instance }: { instance: Instance }) {
  const t = useTexts(diagnosisTexts);
  const language = useLanguage();
  const id = instance.line.id;
  const [query, change] = useQueryState();
  // What blocks it may be anywhere upstream: anything that changes may change the answer.
  const { data, error, refetch } = useQuery({
    queryKey: keys.around(id, "diagnosis"),
    queryFn: ({ signal }) => api.get("/instances/{id}/diagnosis", { path: { id }, signal }),
  });
  if (error && !data) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  const one = data.items.find((each) => each.node.id === Number(query.get("node"))) ?? firstToSee(data.items);
  if (!one) return <Empty icon={Stethoscope} title={t.noNodes} />;
  return (
    <div className="beside-nodes">
      <NodeList
        nodes={data.items.map((each) => {
          const blocked = blockedCheck(each);
          return { ...each.node, note: blocked ? checkName(t.checks, blocked.check) : undefined };
        })}
        current={one.node.id}
        onChoose={(node) => change({ node: String(node) })}
      />
      <section className="diagnosis" aria-label={one.node.name}>
        <Answer diagnosis={one} />
        <Cause diagnosis={one} />
        <ol className="checks">
          {one.checks.map((check, at) => (
            <Step
              key={check.check}
              check={check}
              at={at + 1}
              told={check.check === "EXECUTION" && one.latest !== null && one.latest.message !== ""}
            >
              {check.check === "UPSTREAM" && one.removed > 0 && <p className="soft">{t.removed(one.removed)}</p>}
              {check.check === "UPSTREAM" &&
                data.notices.map((notice) => (
                  <p key={notice} className="soft">
                    {noticeText(language, notice)}
                  </p>
                ))}
              {check.verdict === "BLOCKED" && <Details check={check.check} diagnosis={one} />}
              {check.check === "EXECUTION" && one.latest && <Latest diagnosis={one} latest={one.latest} />}
            </Step>
          ))}
        </ol>
        <Upstream diagnosis={one} />
      </section>
    </div>
  );
}

function checkName(names: object, check: string): string {
  return (names as Record<string, string>)[check] ?? check;
}

/** The answer in one line. */
function Answer({ diagnosis }: { diagnosis: Diagnosis }) {
  const t = useTexts(diagnosisTexts);
  const zone = useZone();
  const blocked = blockedCheck(diagnosis);
  return (
    <header className="diagnosis-head">
      <div className="row gap-2">
        <h2>{diagnosis.node.name}</h2>
        <StatusPill status={statusOf(diagnosis.node.status, { paused: diagnosis.paused })} />
        <span className="semi">
          {diagnosis.paused
            ? t.isPaused
            : blocked
              ? t.blockedBy(checkName(t.checks, blocked.check))
              : diagnosis.checks.some((check) => check.code === "NOT_RELEASED")
                ? t.isHeld
                : t.allPassed}
        </span>
      </div>
      <div className="row gap-4 muted t-12">
        <span>
          {t.due} <span className="soft">{dateTime(diagnosis.due_at, zone)}</span>
        </span>
        <span>
          {t.since} <span className="soft">{dateTime(diagnosis.since, zone)}</span>
        </span>
        {diagnosis.forced && <span>{t.isForced}</span>}
      </div>
    </header>
  );
}

/** The first of the nodes that keep it from starting, why it stands there, and the way up to it. */
function Cause({ diagnosis }: { diagnosis: Diagnosis }) {
  const t = useTexts(diagnosisTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const finding = useFindingText(zone);
  const first = diagnosis.blocking[0];
  if (!first) return null;
  const { node } = first;
  const own = diagnosis.node;
  const to = (each: Schemas["NodeRef"], tab: "diagnosis" | "log" = "diagnosis") =>
    inEnvironment(instancePath(each.instance, tab, { node: String(each.id) }), environment);
  return (
    <section className="cause" aria-label={t.cause}>
      <h3 className="t-12 muted">{t.cause}</h3>
      <p className="row gap-2">
        {node.visible && <Glyph status={statusOf(node.status, { paused: node.paused })} />}
        {node.visible ? (
          <Link className="semi" href={to(node)}>
            {node.label}
          </Link>
        ) : (
          <b className="semi">{node.label}</b>
        )}
        <span className="muted">{node.project}</span>
        <span className="ellipsis grow" title={finding(first)}>
          {node.visible ? finding(first) : t.hidden}
        </span>
        {node.visible && node.status === "FAILED" && (
          <Link className="button small" href={to(node, "log")}>
            <Icon of={FileText} size={14} />
            {t.seeLog}
          </Link>
        )}
      </p>
      <ol className="chain" aria-label={t.chain}>
        {shortened([node, ...[...diagnosis.chain].reverse(), own]).map((each, at) => (
          <Fragment key={typeof each === "number" ? "more" : each.id}>
            {at > 0 && <Icon of={ChevronRight} size={12} className="muted" />}
            <li>
              {typeof each === "number" ? (
                <span className="muted">{t.moreBetween(each)}</span>
              ) : (
                <>
                  {each.status && <Glyph status={statusOf(each.status, { paused: each.paused })} size={12} />}
                  {each.visible && each.id !== own.id ? (
                    <Link href={to(each)}>
                      <Name>{each.label}</Name>
                    </Link>
                  ) : (
                    <Name>{each.id === own.id ? t.you : each.label}</Name>
                  )}
                </>
              )}
            </li>
          </Fragment>
        ))}
      </ol>
    </section>
  );
}

const SIGNS = { PASSED: Check, BLOCKED: Ban, SKIPPED: SkipForward, NOT_CHECKED: Minus };

/** `told`: what is below says it already. */
function Step({
  check,
  at,
  told,
  children,
}: {
  check: Schemas["CheckLine"];
  at: number;
  told: boolean;
  children: ReactNode;
}) {
  const t = useTexts(diagnosisTexts);
  const sign = SIGNS[check.verdict as keyof typeof SIGNS] ?? Pause;
  const verdict = checkName(t.verdicts, check.verdict);
  const finding = useFindingText(useZone());
  return (
    <li
      className={classes("check", check.verdict === "BLOCKED" && "blocked", check.verdict === "NOT_CHECKED" && "open")}
    >
      <span className="check-sign">
        <Icon of={sign} size={14} />
      </span>
      <div>
        <p>
          <b>
            {at}. {checkName(t.checks, check.check)}
          </b>{" "}
          <span className="muted">{verdict}</span>
        </p>
        {!told && check.verdict !== "NOT_CHECKED" && <p className="soft">{finding(check)}</p>}
        {children}
      </div>
    </li>
  );
}

function Details({ check, diagnosis }: { check: string; diagnosis: Diagnosis }) {
  const t = useTexts(diagnosisTexts);
  // Of a single one the head says all.
  if (check === "UPSTREAM" && diagnosis.blocking.length > 1)
    return (
      <div className="check-block">
        <h3>{t.firstBlocking}</h3>
        <p className="muted">{t.firstBlockingNote}</p>
        <NodeLinks
          nodes={diagnosis.blocking.map((each) => ({ ...each.node, why: each }))}
          all={diagnosis.blocking_count}
        />
      </div>
    );
  if (check === "RESOURCES")
    return (
      <div className="check-block">
        {diagnosis.occupants.length > 0 && (
          <>
            <h3>{t.occupants}</h3>
            <NodeLinks nodes={diagnosis.occupants} all={diagnosis.occupied} />
          </>
        )}
      </div>
    );
  return null;
}

function Latest({ diagnosis, latest }: { diagnosis: Diagnosis; latest: Schemas["LatestRun"] }) {
  const t = useTexts(diagnosisTexts);
  const log = useTexts(logTexts);
  const zone = useZone();
  const environment = useEnvironment();
  return (
    <div className="check-block">
      <p className="row gap-3">
        <StatusText status={statusOf(latest.status)} />
        <span>{latest.number > 0 ? log.attempt(latest.number) : triggerText(log.triggers, latest.trigger)}</span>
        <span className="muted">{triggerText(log.triggers, latest.trigger)}</span>
        <span>{dateTime(latest.started_at, zone)}</span>
        <span>
          <Lasting of={latest} />
        </span>
        {latest.usual_s !== null && <span className="muted">{t.usual(duration(latest.usual_s))}</span>}
        {latest.slow && <Tag>{t.slow}</Tag>}
      </p>
      {(latest.reason || latest.message) && (
        <p className="check-message">
          {latest.reason && <b className="medium">{checkName(log.reasons, latest.reason)} </b>}
          {latest.message}
        </p>
      )}
      <Link
        className="button small"
        href={inEnvironment(
          instancePath(diagnosis.node.instance, "log", {
            node: String(diagnosis.node.id),
            run: String(latest.serial),
          }),
          environment,
        )}
      >
        <Icon of={FileText} size={14} />
        {t.seeLog}
      </Link>
    </div>
  );
}

function Upstream({ diagnosis }: { diagnosis: Diagnosis }) {
  const t = useTexts(diagnosisTexts);
  if (diagnosis.upstream.length === 0) return null;
  return (
    <div className="diagnosis-upstream">
      <h3 className="medium">
        {t.upstreamNodes} <span className="muted">{diagnosis.upstream_count}</span>
      </h3>
      <NodeLinks nodes={diagnosis.upstream} all={diagnosis.upstream_count} />
    </div>
  );
}

/** `why`: of a node that blocks, why it stands where it is. */
type Linked = Schemas["NodeRef"] & { why?: Schemas["Blocker"] };

/** Nodes, each with its status and a link to its own diagnosis. */
function NodeLinks({ nodes, all }: { nodes: readonly Linked[]; all: number }) {
  const t = useTexts(diagnosisTexts);
  const environment = useEnvironment();
  const finding = useFindingText(useZone());
  return (
    <ul className="node-links">
      {nodes.map((node) => (
        <li key={node.id}>
          {node.visible ? (
            <>
              <Link
                className="medium"
                href={inEnvironment(instancePath(node.instance, "diagnosis", { node: String(node.id) }), environment)}
              >
                <Name>{node.label}</Name>
              </Link>
              <StatusText status={statusOf(node.status, { paused: node.paused })} />
            </>
          ) : (
            <>
              <Name>{node.label}</Name>
              <span className="muted">{t.hidden}</span>
            </>
          )}
          <span className="muted ellipsis">{node.project}</span>
          {node.why && (
            <span className="soft ellipsis" title={finding(node.why)}>
              {node.visible ? finding(node.why) : t.ofDate(bizdate(node.why.bizdate))}
            </span>
          )}
        </li>
      ))}
      {all > nodes.length && <li className="muted">{t.others(all - nodes.length)}</li>}
    </ul>
  );
}
