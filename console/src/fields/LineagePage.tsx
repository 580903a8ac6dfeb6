import { Page } from "../app/Page";

export default function LineagePage() {
  return (
    <Page title="Lineage" crumbs={[{ label: "Lineage" }]}>
      {null}
    </Page>
  );
}
