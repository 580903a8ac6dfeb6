import { Page } from "../app/Page";

export default function OperationLogPage() {
  return (
    <Page title="Operation log" crumbs={[{ label: "Operation log" }]}>
      {null}
    </Page>
  );
}
