import { Page } from "../app/Page";
import { useEnvironment } from "../app/url";
import { useTexts } from "../texts/texts";
import { Desk } from "./Desk";
import { definitionTexts } from "./texts";

/** All files of the workspace, whatever they define. */
export default function DefinitionsPage() {
  const t = useTexts(definitionTexts);
  const environment = useEnvironment();
  return (
    <Page title={t.title} crumbs={[{ label: t.title }]}>
      <Desk key={environment} />
    </Page>
  );
}
