import { Page } from "../app/Page";

export default function InstanceDagPage() {
  return (
    <Page title="DAG" crumbs={[{ label: "DAG" }]}>
      {null}
    </Page>
  );
}
