import { useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useZone } from "../app/session";
import { useEnvironment, useQueryState } from "../app/url";
import { dateTime, NONE } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { SkeletonRows, Tag } from "../ui/pieces";
import { TaskFrame } from "./TaskFrame";
import { taskTexts } from "./texts";
import type { Task } from "./useTask";
import { VersionPanel } from "./VersionPanel";

type Version = Schemas["VersionLine"];

export default function TaskVersionsPage() {
  return <TaskFrame tab="versions">{(task) => <Versions task={task} />}</TaskFrame>;
}

/** Every publication, with what it changed. */
function Versions({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  const zone = useZone();
  const environment = useEnvironment();
  const [query, change] = useQueryState();
  const asked = Number(query.get("version"));
  const shown = Number.isInteger(asked) ? asked : 0;
  const { data, error, refetch } = useQuery({
    queryKey: keys.tasks(environment, task.line.id, "versions"),
    queryFn: ({ signal }) =>
      api.get("/tasks/{task}/versions", { path: { task: task.line.id }, query: { environment }, signal }),
  });
  if (!data)
    return error ? <Failure error={error} onRetry={() => void refetch()} /> : <SkeletonRows label={t.loading} />;
  return (
    <div className="task-scroll">
      <table className="plain wide" aria-label={t.versionsOf(task.line.name)}>
        <thead>
          <tr>
            <th scope="col" className="right">
              {t.head.version}
            </th>
            <th scope="col">{t.head.published}</th>
            <th scope="col">{t.head.by}</th>
            <th scope="col" className="right">
              {t.head.fields}
            </th>
            <th scope="col" className="right">
              {t.head.nodes}
            </th>
            <th scope="col">{t.change}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {data.items.map((each, at) => (
            <tr key={each.version}>
              <th scope="row" className="right">
                {each.version}
              </th>
              <td className="nowrap">
                {dateTime(each.published_at, zone)} {each.version === task.line.version && <Tag>{t.current}</Tag>}
              </td>
              <td>{each.published_by || NONE}</td>
              <td className="right">{each.field_count || NONE}</td>
              <td className="right">{each.node_count}</td>
              <td>{at === data.items.length - 1 ? <span className="soft">{t.first}</span> : <Changes of={each} />}</td>
              <td className="right">
                {at < data.items.length - 1 && (
                  <Button
                    kind="ghost"
                    size="small"
                    aria-label={t.compareVersion(each.version)}
                    onClick={() => change({ version: String(each.version) }, { push: true })}
                  >
                    {t.compare}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown > 0 && <VersionPanel task={task.line.id} version={shown} onClose={() => change({ version: null })} />}
    </div>
  );
}

function Changes({ of }: { of: Version }) {
  const t = useTexts(taskTexts);
  const named: [string, readonly string[]][] = [
    [t.changedCode, of.changed_nodes],
    [t.addedNodes, of.added_nodes],
    [t.removedNodes, of.removed_nodes],
    [t.addedFields, of.added_fields],
    [t.removedFields, of.removed_fields],
  ];
  const parts = named.filter(([, names]) => names.length > 0);
  const plain = [
    of.schedule_changed && t.newSchedule,
    of.dependencies_changed && t.newDependencies,
    of.rebuilt && t.rebuilt,
  ].filter((each) => each !== false);
  if (parts.length + plain.length === 0) return <span className="muted">{t.nothing}</span>;
  return (
    <span className="changes">
      {parts.map(([name, names]) => (
        <span key={name}>
          <span className="muted">{name}</span> {names.join(", ")}
        </span>
      ))}
      {plain.map((name) => (
        <span key={name}>{name}</span>
      ))}
    </span>
  );
}
