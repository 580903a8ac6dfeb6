import { Page } from "../app/Page";

export default function FieldsPage() {
  return (
    <Page title="Fields" crumbs={[{ label: "Fields" }]}>
      {null}
    </Page>
  );
}
