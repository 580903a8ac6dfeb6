import { Page } from "../app/Page";

export default function GanttPage() {
  return (
    <Page title="Gantt" crumbs={[{ label: "Gantt" }]}>
      {null}
    </Page>
  );
}
