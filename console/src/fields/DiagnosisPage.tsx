import { Page } from "../app/Page";

export default function DiagnosisPage() {
  return (
    <Page title="Diagnosis" crumbs={[{ label: "Diagnosis" }]}>
      {null}
    </Page>
  );
}
