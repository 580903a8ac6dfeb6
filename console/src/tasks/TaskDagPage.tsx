import { Page } from "../app/Page";

export default function TaskDagPage() {
  return (
    <Page title="Task DAG" crumbs={[{ label: "Task DAG" }]}>
      {null}
    </Page>
  );
}
