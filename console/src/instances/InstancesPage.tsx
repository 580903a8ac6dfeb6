import { Page } from "../app/Page";

export default function InstancesPage() {
  return (
    <Page title="Recurring instances" crumbs={[{ label: "Recurring instances" }]}>
      {null}
    </Page>
  );
}
