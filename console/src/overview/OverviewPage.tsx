import { Page } from "../app/Page";

export default function OverviewPage() {
  return (
    <Page title="Overview" crumbs={[{ label: "Overview" }]}>
      {null}
    </Page>
  );
}
