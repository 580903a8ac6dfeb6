import { Page } from "../app/Page";

export default function TasksPage() {
  return (
    <Page title="Recurring tasks" crumbs={[{ label: "Recurring tasks" }]}>
      {null}
    </Page>
  );
}
