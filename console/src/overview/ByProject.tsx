import { useId } from "react";
import { useEnvironment } from "../app/url";
import { StatusCount } from "../status/Counts";
import { HUE, statusOf, statusTexts } from "../status/status";
import { number, useTexts } from "../texts/texts";
import { Tooltip } from "../ui/Tooltip";
import { inOrder } from "./bars";
import type { Overview } from "./OverviewPage";
import { overviewTexts } from "./texts";

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
                  <td className="right soft">
                    {number(done)} / {number(project.total)}
                  </td>
                  <td>
                    {failed > 0 ? <StatusCount status="failed" count={failed} /> : <span className="muted">–</span>}
                  </td>
                  {environment === "PROD" && (
                    <td>{project.late > 0 ? number(project.late) : <span className="muted">–</span>}</td>
                  )}
                  {hours.map((hour) => (
                    <td key={hour} className="hour">
                      <Bar of={by.get(hour)} name={name(hour)} most={most} />
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

function Bar({ of, name, most }: { of: Hour | undefined; name: string; most: number }) {
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
      <span
        className="hour-bar"
        role="img"
        aria-label={`${t.hour(name, of.total)}: ${words}`}
        style={{ width: `${Math.max(4, (100 * of.total) / most)}%` }}
      >
        {parts.map(([code, count]) => (
          <i key={code} className={`${HUE[statusOf(code)]} bar-${statusOf(code)}`} style={{ flexGrow: count }} />
        ))}
      </span>
    </Tooltip>
  );
}
