import { Page } from "../app/Page";

export default function TaskEditPage() {
  return (
    <Page title="Edit" crumbs={[{ label: "Edit" }]}>
      {null}
    </Page>
  );
}
