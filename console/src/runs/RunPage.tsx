import { Page } from "../app/Page";

export default function RunPage() {
  return (
    <Page title="Task instance" crumbs={[{ label: "Task instance" }]}>
      {null}
    </Page>
  );
}
