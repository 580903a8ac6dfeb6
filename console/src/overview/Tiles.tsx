import { AlarmClock } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useEnvironment } from "../app/url";
import { Glyph } from "../status/Glyph";
import { statusOf, statusTexts } from "../status/status";
import { number, useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { listOf } from "./links";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

const SHOWN = ["SUCCEEDED", "RUNNING", "WAITING", "NOT_RUNNING", "FAILED"] as const;

/** How many instances are in each status; each number leads to the lists that it counts. */
export function Tiles({ of, projects }: { of: Overview; projects: readonly string[] }) {
  const t = useTexts(overviewTexts);
  const names = useTexts(statusTexts);
  return (
    <ul className="tiles">
      {SHOWN.map((code) => (
        <Tile
          key={code}
          glyph={<Glyph status={statusOf(code)} size={12} label="" />}
          name={code === "WAITING" ? names.waiting : names.name[statusOf(code)]}
          count={of.statuses[code] ?? 0}
        >
          <Split of={of} code={code} projects={projects} />
          {code === "NOT_RUNNING" && of.paused > 0 && <span>{t.pausedToo(of.paused)}</span>}
        </Tile>
      ))}
      <Tile glyph={<Icon of={AlarmClock} size={12} />} name={t.late} count={of.late}>
        <span>{t.lateNote}</span>
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

/** Of how many tables and scripts the number consists. */
function Split({ of, code, projects }: { of: Overview; code: string; projects: readonly string[] }) {
  const t = useTexts(overviewTexts);
  const environment = useEnvironment();
  const tables = of.types.LOGICAL_TABLE?.[code] ?? 0;
  const scripts = of.types.SCRIPT?.[code] ?? 0;
  const narrowed = { status: code, project: projects };
  if (tables + scripts === 0) return <span>{t.of(number(of.total))}</span>;
  return (
    <>
      {tables > 0 && <Link href={listOf(environment, of.bizdate, "LOGICAL_TABLE", narrowed)}>{t.tables(tables)}</Link>}
      {scripts > 0 && <Link href={listOf(environment, of.bizdate, "SCRIPT", narrowed)}>{t.scripts(scripts)}</Link>}
    </>
  );
}
