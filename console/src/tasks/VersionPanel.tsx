import "../definitions/definitions.css";
import { useQuery } from "@tanstack/react-query";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useEnvironment } from "../app/url";
import { DiffView } from "../definitions/DiffView";
import { TaskLines } from "../definitions/PlanView";
import { useTexts } from "../texts/texts";
import { SkeletonRows } from "../ui/pieces";
import { Panel } from "../ui/Sheet";
import { taskTexts } from "./texts";

/** A version beside the one before it: what changed, and the code of its nodes line by line. */
export function VersionPanel({ task, version, onClose }: { task: string; version: number; onClose: () => void }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment();
  const { data, error, refetch } = useQuery({
    queryKey: keys.tasks(environment, task, "versions", version),
    queryFn: ({ signal }) =>
      api.get("/tasks/{task}/versions/{version}", { path: { task, version }, query: { environment }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const title = data && data.before > 0 ? t.versionBeside(version, data.before) : t.versionNamed(version);
  return (
    <Panel open onClose={onClose} close={t.close} width={900} title={title}>
      <div className="plan">
        <Failure error={error} onRetry={() => void refetch()} />
        {!data && !error && <SkeletonRows label={t.loading} />}
        {data && (
          <section aria-label={t.change}>
            <TaskLines task={data.change} />
          </section>
        )}
        {data?.codes.map((each) => (
          <section key={each.node} aria-label={t.code(each.name)}>
            <h3>{t.code(each.name)}</h3>
            {each.before === null || each.after === null ? (
              <p className="muted">{t.noCode}</p>
            ) : (
              <DiffView before={each.before} after={each.after} label={t.codeChanges(each.name)} />
            )}
          </section>
        ))}
      </div>
    </Panel>
  );
}
