import { Page } from "../app/Page";

export default function WorksheetPage() {
  return (
    <Page title="Worksheet" crumbs={[{ label: "Worksheet" }]}>
      {null}
    </Page>
  );
}
