import { Page } from "../app/Page";

export default function RunsPage() {
  return (
    <Page title="Task instances" crumbs={[{ label: "Task instances" }]}>
      {null}
    </Page>
  );
}
