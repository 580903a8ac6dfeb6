import { Page } from "../app/Page";

export default function RunLogPage() {
  return (
    <Page title="Run log" crumbs={[{ label: "Run log" }]}>
      {null}
    </Page>
  );
}
