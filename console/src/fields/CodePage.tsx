import { Page } from "../app/Page";

export default function CodePage() {
  return (
    <Page title="Code" crumbs={[{ label: "Code" }]}>
      {null}
    </Page>
  );
}
