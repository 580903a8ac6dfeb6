import { type ReactNode, useId } from "react";
import { Link } from "wouter";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { KindIcon } from "../status/kinds";
import { statusOf, statusTexts } from "../status/status";
import { duration, shortTimeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Name } from "../ui/pieces";
import { type BizType, listOf, TYPES } from "./links";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

interface Props {
  of: Overview;
  projects: readonly string[];
}

/** The instances that failed last, and why. */
export function FailedList({ of, projects }: Props) {
  const t = useTexts(overviewTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const failed = of.statuses.FAILED ?? 0;
  return (
    <List
      title={t.failed}
      note={failed > 0 ? t.failedNote(failed) : undefined}
      empty={t.noFailed}
      more={
        failed > of.failed.length && (
          <More
            counts={(type) => of.types[type]?.FAILED ?? 0}
            to={(type) => listOf(environment, of.bizdate, type, { status: "FAILED", project: projects })}
          />
        )
      }
    >
      {of.failed.map((line) => (
        <Line
          key={line.id}
          to={inEnvironment(`/instances/${line.id}/diagnosis`, environment)}
          kind={line.kind}
          name={line.name}
          full={line.message}
          under={why(t, line, line.retry_at ? shortTimeOn(line.retry_at, zone, of.run_date) : "")}
          value={shortTimeOn(line.at, zone, of.run_date)}
          glyph={<Glyph status="failed" />}
        />
      ))}
    </List>
  );
}

/** What an error begins with, for programs; there is no room for it here. */
const CODE = /^ODPS-\d+:(\[\d+,\d+\])?\s*/;

/** `C: division by zero`, of several nodes `2 nodes, C: …`. */
function why(t: (typeof overviewTexts)["en"], line: Overview["failed"][number], retry: string): string {
  const reason = line.message.replace(CODE, "") || (t.reasons as Record<string, string>)[line.reason] || line.reason;
  const isItself = line.biz_type === "SCRIPT" || line.node === "";
  const said = isItself ? reason : t.because(line.node, reason);
  return [line.nodes > 1 && t.nodes(line.nodes), said, retry && t.retryAt(retry)].filter(Boolean).join(" · ");
}

/** The instances that should have started long ago, and what they wait for. */
export function LateList({ of, projects }: Props) {
  const t = useTexts(overviewTexts);
  const names = useTexts(statusTexts);
  const environment = useEnvironment();
  const waits = (line: Overview["latest"][number]) => {
    if (line.paused) return names.name.paused;
    if (line.resource_group) return t.waitsForSlot(line.resource_group);
    const up = line.blocked_by;
    if (up) return t.waitsFor(up.label, up.status ? names.name[statusOf(up.status, up)] : "", line.blockers - 1);
    return names.name[statusOf(line.status, { waiting: line.waiting[0] })];
  };
  return (
    <List
      title={t.late}
      note={of.late > 0 ? t.lateTitle(of.late) : undefined}
      empty={t.noLate}
      more={
        of.late > of.latest.length && (
          <More
            counts={(type) => of.late_types[type] ?? 0}
            to={(type) =>
              listOf(environment, of.bizdate, type, { late: "true", project: projects, sort: "due", order: "asc" })
            }
          />
        )
      }
    >
      {of.latest.map((line) => (
        <Line
          key={line.id}
          to={inEnvironment(`/instances/${line.id}/diagnosis`, environment)}
          kind={line.kind}
          name={line.name}
          under={waits(line)}
          value={duration(line.waits_s)}
          glyph={
            <Glyph
              status={statusOf(line.status, {
                waiting: line.waiting.length === 1 ? line.waiting[0] : null,
                paused: line.paused,
              })}
            />
          }
        />
      ))}
    </List>
  );
}

function List(props: { title: string; note?: string; empty: string; more: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div className="overview-head">
        <h2 id={id}>{props.title}</h2>
        {props.note && <span className="muted t-12">{props.note}</span>}
        {props.more}
      </div>
      {props.note ? <ul className="attention">{props.children}</ul> : <p className="muted t-12">{props.empty}</p>}
    </section>
  );
}

/** To the lists that have all of them. */
function More({ counts, to }: { counts: (type: BizType) => number; to: (type: BizType) => string }) {
  const t = useTexts(overviewTexts);
  return (
    <span className="attention-more">
      {TYPES.filter((type) => counts(type) > 0).map((type) => (
        <Link key={type} href={to(type)}>
          {type === "SCRIPT" ? t.scripts(counts(type)) : t.tables(counts(type))}
        </Link>
      ))}
    </span>
  );
}

function Line(props: {
  to: string;
  kind: string | null;
  name: string;
  under: string;
  /** What it says in full. */
  full?: string;
  value: string;
  glyph: ReactNode;
}) {
  return (
    <li>
      <KindIcon kind={props.kind} />
      <span className="attention-name">
        <Link href={props.to} className="medium">
          <Name>{props.name}</Name>
        </Link>
        <span className="ellipsis t-11 muted" title={props.full || props.under}>
          {props.under}
        </span>
      </span>
      <span className="soft nowrap">{props.value}</span>
      {props.glyph}
    </li>
  );
}
