import { useId } from "react";
import { Link } from "wouter";
import { useEnvironment } from "../app/url";
import { StatusCount } from "../status/Counts";
import { HUE, statusOf, statusTexts } from "../status/status";
import { number, useTexts } from "../texts/texts";
import { Tooltip } from "../ui/Tooltip";
import { inOrder } from "./bars";
import { type BizType, listOf, typeWith } from "./links";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

type Project = Overview["projects"][number];
type Hour = Overview["projects"][number]["hours"][number];

/** A row a project: what finished and failed, and of every hour a bar of the instances that were due in it, all to one scale. */
export function ByProject({ of }: { of: Overview }) {
  const t = useTexts(overviewTexts);
  const title = useId();
  const environment = useEnvironment();
  const hours = [...new Set(of.projects.flatMap((project) => project.hours.map((each) => each.hour)))].sort(
    (a, b) => a - b,
  );
  const most = Math.max(1, ...of.projects.flatMap((project) => project.hours.map((each) => each.total)));
  const name = (hour: number) => (hour >= 24 ? t.later : `${String(hour).padStart(2, "0")}:00`);
  const to = (project: Project, status: string, type: BizType) =>
    listOf(environment, of.bizdate, type, { project: project.name, status });
  const hourOf = (project: Project, hour: Hour) =>
    listOf(environment, of.bizdate, hour.tables > 0 ? "LOGICAL_TABLE" : "SCRIPT", {
      project: project.name,
      due_from: momentOf(of.run_date, hour.hour),
      due_to: hour.hour >= 24 ? null : momentOf(of.run_date, hour.hour + 1),
      sort: "due",
      order: "asc",
    });
  return (
    <section aria-labelledby={title} className="by-project">
      <div className="overview-head">
        <h2 id={title}>{t.byProject}</h2>
        <span className="muted t-12">{t.byProjectNote}</span>
      </div>
      <div className="by-project-scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t.project}</th>
              <th scope="col" colSpan={2} className="right">
                {t.finished}
              </th>
              <th scope="col">{t.failed}</th>
              {environment === "PROD" && <th scope="col">{t.late}</th>}
              {hours.map((hour) => (
                <th key={hour} scope="col" className="hour">
                  {name(hour)}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {of.projects.map((project) => {
              const done = project.statuses.SUCCEEDED ?? 0;
              const failed = project.statuses.FAILED ?? 0;
              const by = new Map(project.hours.map((each) => [each.hour, each]));
              return (
                <tr key={project.name}>
                  <th scope="row" className="ellipsis" title={project.title}>
                    {project.title}
                  </th>
                  <td className="right semi">{Math.floor((100 * done) / project.total)} %</td>
                  <td className="right soft">{t.taken(done, project.total)}</td>
                  <td>
                    {failed > 0 ? (
                      <Link
                        href={to(
                          project,
                          "FAILED",
                          typeWith((type) => project.types[type]?.FAILED ?? 0),
                        )}
                        aria-label={`${t.failed}: ${failed}`}
                      >
                        <StatusCount status="failed" count={failed} />
                      </Link>
                    ) : (
                      <span className="muted">–</span>
                    )}
                  </td>
                  {environment === "PROD" && (
                    <td>{project.late > 0 ? number(project.late) : <span className="muted">–</span>}</td>
                  )}
                  {hours.map((hour) => (
                    <td key={hour} className="hour">
                      <Bar of={by.get(hour)} name={name(hour)} most={most} to={(its) => hourOf(project, its)} />
                    </td>
                  ))}
                  <td />
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** `2026-03-02T13:00`; hour 24 is midnight of the day after. */
function momentOf(day: string, hour: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCHours(hour);
  return at.toISOString().slice(0, 16);
}

function Bar({ of, name, most, to }: { of: Hour | undefined; name: string; most: number; to: (hour: Hour) => string }) {
  const t = useTexts(overviewTexts);
  const names = useTexts(statusTexts);
  if (!of) return null;
  const parts = inOrder(of.statuses);
  const word = (code: string) => (code === "WAITING" ? names.waiting : names.name[statusOf(code)]);
  const words = parts.map(([code, count]) => `${count} ${word(code)}`).join(", ");
  return (
    <Tooltip
      content={
        <>
          <b>{t.hour(name, of.total)}</b>
          {words}
        </>
      }
    >
      <Link
        href={to(of)}
        className="hour-bar"
        aria-label={`${t.hour(name, of.total)}: ${words}`}
        style={{ width: `${Math.max(4, (100 * of.total) / most)}%` }}
      >
        {parts.map(([code, count]) => (
          <i key={code} className={`${HUE[statusOf(code)]} bar-${statusOf(code)}`} style={{ flexGrow: count }} />
        ))}
      </Link>
    </Tooltip>
  );
}
