import { HUE } from "../status/status";
import { duration, NONE } from "../texts/format";
import { number, useTexts } from "../texts/texts";
import { type RunTask, shapeOf } from "./run";
import { runTexts } from "./texts";

/** How much is done, a part of the bar for each stage. */
export function Progress({ task, percent }: { task: RunTask | undefined; percent: number }) {
  const t = useTexts(runTexts);
  const stages = task?.stages ?? [];
  const hue = HUE[shapeOf(task?.status ?? "WAITING")];
  const parts =
    stages.length > 0
      ? stages.map((stage) => ({ key: stage.name, percent: stage.percent }))
      : [{ key: "all", percent }];
  return (
    <div
      className={`progress ${hue}`}
      role="progressbar"
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-label={t.progress(percent)}
    >
      {parts.map((part) => (
        <i key={part.key} title={part.key}>
          <i style={{ width: `${part.percent}%` }} />
        </i>
      ))}
    </div>
  );
}

export function Stages({ task }: { task: RunTask }) {
  const t = useTexts(runTexts);
  return (
    <table className="plain stages">
      <thead>
        <tr>
          <th scope="col">{t.stage}</th>
          <th scope="col">{t.operator}</th>
          {[t.done, t.workers, t.rowsIn, t.rowsOut, t.time].map((head) => (
            <th key={head} scope="col" className="right">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {task.stages.map((stage) => (
          <tr key={stage.name}>
            <th scope="row" className="nowrap">
              {stage.name}
            </th>
            <td className="soft">{stage.operator}</td>
            <td className="right">{stage.percent} %</td>
            <td className="right">
              {stage.workers_done} / {stage.workers_total}
            </td>
            <td className="right">{stage.rows_in ? number(stage.rows_in) : NONE}</td>
            <td className="right">{stage.rows_out ? number(stage.rows_out) : NONE}</td>
            <td className="right nowrap">{duration(stage.seconds)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
