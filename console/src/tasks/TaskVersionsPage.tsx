import { Page } from "../app/Page";

export default function TaskVersionsPage() {
  return (
    <Page title="Versions" crumbs={[{ label: "Versions" }]}>
      {null}
    </Page>
  );
}
