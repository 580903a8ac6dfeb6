import { Page } from "../app/Page";

export default function TaskPage() {
  return (
    <Page title="Task" crumbs={[{ label: "Task" }]}>
      {null}
    </Page>
  );
}
