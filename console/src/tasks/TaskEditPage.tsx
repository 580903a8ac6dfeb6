import { useQuery } from "@tanstack/react-query";
import { useParams } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { Failure, Page } from "../app/Page";
import { useEnvironment } from "../app/url";
import { Desk } from "../definitions/Desk";
import { definitionTexts } from "../definitions/texts";
import { useTexts } from "../texts/texts";
import { SkeletonRows } from "../ui/pieces";
import { TaskFrame } from "./TaskFrame";
import { taskTexts } from "./texts";

/** The file that defines a task, opened there; also of a task that is not published in this environment yet. */
export default function TaskEditPage() {
  const t = useTexts(taskTexts);
  const own = useTexts(definitionTexts);
  const environment = useEnvironment();
  const id = decodeURIComponent(useParams<{ id: string }>().id ?? "");
  const asked = { environment, search: id, limit: 100 };
  const { data, error, refetch } = useQuery({
    queryKey: keys.tasks("list", "named", asked),
    queryFn: ({ signal }) => api.get("/tasks", { query: asked, signal }),
  });
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  if (data.items.some((each) => each.id === id))
    return (
      <TaskFrame tab="edit">{(task) => <Desk key={`${id} ${environment}`} task={id} published={task} />}</TaskFrame>
    );
  return (
    <Page
      title={`${t.tabs.edit} · ${id}`}
      heading={id}
      crumbs={[{ label: t.tasks, to: "/tasks" }, { label: id }, { label: t.tabs.edit }]}
      beside={<span className="muted t-12 ellipsis">{own.notPublished(own.environments[environment])}</span>}
    >
      <Desk key={`${id} ${environment}`} task={id} />
    </Page>
  );
}
