import { AlarmClock } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { statusOf, statusTexts } from "../status/status";
import { number, useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { type BizType, listOf, TYPES } from "./links";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

const SHOWN = ["SUCCEEDED", "RUNNING", "WAITING", "NOT_RUNNING", "FAILED"] as const;

/** How many instances are in each status; each number leads to the lists that it counts. */
export function Tiles({ of, projects }: { of: Overview; projects: readonly string[] }) {
  const t = useTexts(overviewTexts);
  const names = useTexts(statusTexts);
  const environment = useEnvironment();
  return (
    <ul className="tiles">
      {SHOWN.map((code) => (
        <Tile
          key={code}
          glyph={<Glyph status={statusOf(code)} size={12} label="" />}
          name={code === "WAITING" ? names.waiting : names.name[statusOf(code)]}
          count={of.statuses[code] ?? 0}
        >
          <Split
            of={of}
            counts={(type) => of.types[type]?.[code] ?? 0}
            narrowed={{ status: code, project: projects }}
            none={t.of(number(of.total))}
          />
          {code === "NOT_RUNNING" && of.paused > 0 && <span>{t.pausedToo(of.paused)}</span>}
        </Tile>
      ))}
      <Tile glyph={<Icon of={AlarmClock} size={12} />} name={t.late} count={of.late}>
        <Split
          of={of}
          counts={(type) => of.late_types[type] ?? 0}
          narrowed={{ late: "true", project: projects, sort: "due", order: "asc" }}
          none={environment === "DEV" ? t.notScheduled : t.lateNote}
        />
      </Tile>
    </ul>
  );
}

function Tile({
  glyph,
  name,
  count,
  children,
}: {
  glyph: ReactNode;
  name: string;
  count: number;
  children: ReactNode;
}) {
  return (
    <li>
      <span className="row gap-1 soft t-12">
        {glyph}
        {name}
      </span>
      <b>{number(count)}</b>
      <span className="tile-note">{children}</span>
    </li>
  );
}

/** Of how many tables and scripts the number consists; each leads to their list. */
function Split(props: {
  of: Overview;
  counts: (type: BizType) => number;
  narrowed: Record<string, string | readonly string[]>;
  none: string;
}) {
  const t = useTexts(overviewTexts);
  const environment = useEnvironment();
  const found = TYPES.map((type) => ({ type, count: props.counts(type) })).filter(({ count }) => count > 0);
  if (found.length === 0) return <span>{props.none}</span>;
  return found.map(({ type, count }) => (
    <Link key={type} href={listOf(environment, props.of.bizdate, type, props.narrowed)}>
      {type === "SCRIPT" ? t.scripts(count) : t.tables(count)}
    </Link>
  ));
}
