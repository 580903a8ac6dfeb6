import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useId } from "react";
import { Link } from "wouter";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { useZone } from "../app/session";
import { inEnvironment, useEnvironment } from "../app/url";
import { Counts } from "../status/Counts";
import { Glyph } from "../status/Glyph";
import { KindIcon } from "../status/kinds";
import { statusOf } from "../status/status";
import { duration, shortTimeOn } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Name } from "../ui/pieces";
import { listOf } from "./links";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

const SHOWN = 6;

/** The instances that failed last. */
export function FailedList({ of, projects }: { of: Overview; projects: readonly string[] }) {
  const t = useTexts(overviewTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const failed = of.statuses.FAILED ?? 0;
  const bizdate = of.bizdate.replaceAll("-", "");
  const { data } = useQuery({
    queryKey: keys.instances("overview-failed", environment, bizdate, projects),
    queryFn: ({ signal }) =>
      api.get("/instances", {
        query: {
          environment,
          bizdate: [bizdate],
          status: ["FAILED"],
          project: [...projects],
          sort: "end",
          order: "desc",
          limit: SHOWN,
        },
        signal,
      }),
    enabled: failed > 0,
  });
  const more = (["LOGICAL_TABLE", "SCRIPT"] as const).filter((type) => (of.types[type]?.FAILED ?? 0) > 0);
  return (
    <List title={t.failed} note={failed > 0 ? t.failedNote(failed) : undefined} empty={t.noFailed}>
      {failed > 0 &&
        (data?.items ?? []).map((line: Schemas["InstanceLine"]) => (
          <Line
            key={line.id}
            to={inEnvironment(`/instances/${line.id}/diagnosis`, environment)}
            kind={line.kind}
            name={line.name}
            under={
              <>
                {line.project}
                <Counts of="nodes" numbers={line.nodes} />
              </>
            }
            value={shortTimeOn(line.ended_at ?? line.started_at, zone, of.run_date)}
            glyph={<Glyph status="failed" />}
          />
        ))}
      {failed > SHOWN &&
        more.map((type) => (
          <li key={type} className="attention-more">
            <Link href={listOf(environment, of.bizdate, type, { status: "FAILED", project: projects })}>
              {type === "SCRIPT"
                ? t.scripts(of.types.SCRIPT?.FAILED ?? 0)
                : t.tables(of.types.LOGICAL_TABLE?.FAILED ?? 0)}
            </Link>
          </li>
        ))}
    </List>
  );
}

/** The instances that should have started long ago. */
export function LateList({ of }: { of: Overview }) {
  const t = useTexts(overviewTexts);
  const environment = useEnvironment();
  return (
    <List
      title={t.late}
      note={of.late > 0 ? t.lateTitle(of.late) : undefined}
      empty={environment === "DEV" ? t.noLateDev : t.noLate}
    >
      {of.latest.map((line) => (
        <Line
          key={line.id}
          to={inEnvironment(`/instances/${line.id}/diagnosis`, environment)}
          kind={line.kind}
          name={line.name}
          under={line.project}
          value={duration(line.waits_s)}
          glyph={
            <Glyph status={statusOf(line.status, { waiting: line.waiting.length === 1 ? line.waiting[0] : null })} />
          }
        />
      ))}
    </List>
  );
}

function List({ title, note, empty, children }: { title: string; note?: string; empty: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div className="overview-head">
        <h2 id={id}>{title}</h2>
        {note && <span className="muted t-12">{note}</span>}
      </div>
      {note ? <ul className="attention">{children}</ul> : <p className="muted t-12">{empty}</p>}
    </section>
  );
}

function Line(props: {
  to: string;
  kind: string | null;
  name: string;
  under: ReactNode;
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
        <span className="row gap-2 t-11 muted">{props.under}</span>
      </span>
      <span className="soft nowrap">{props.value}</span>
      {props.glyph}
    </li>
  );
}
