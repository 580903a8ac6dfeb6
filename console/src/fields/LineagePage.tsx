import { InstanceFrame } from "../instance/InstanceFrame";
import { instanceTexts } from "../instance/texts";
import { isScript } from "../instance/useInstance";
import { useTexts } from "../texts/texts";
import { Empty } from "../ui/pieces";
import { Lineage } from "./Lineage";

/** Production and consumption lineage of the fields of an instance. */
export default function LineagePage() {
  const t = useTexts(instanceTexts);
  return (
    <InstanceFrame tab="lineage">
      {(instance) =>
        isScript(instance) ? <Empty title={t.noLineage} /> : <Lineage key={instance.line.id} instance={instance} />
      }
    </InstanceFrame>
  );
}
