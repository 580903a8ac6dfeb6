import { Ellipsis } from "lucide-react";
import { closedBecause, operationEntries } from "../instance/operationEntries";
import { OPERATION_ICONS } from "../operation/icons";
import { openOperation } from "../operation/open";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { Menu } from "../ui/Menu";
import type { Field } from "./fields";
import { fieldTexts } from "./texts";

/** Rerun and the other operations of one field; those that it does not admit say why. */
export function FieldOperations({ instance, field }: { instance: number; field: Field }) {
  const t = useTexts(fieldTexts);
  const language = useLanguage();
  const targets = [{ instance, fields: [field.name] }];
  return (
    <>
      <IconButton
        icon={OPERATION_ICONS.RERUN}
        size="small"
        label={t.rerun}
        reason={closedBecause(field.operations, "RERUN", language)}
        onClick={() => openOperation({ operation: "RERUN", targets, perspective: "FIELD" })}
      />
      <Menu
        trigger={<IconButton icon={Ellipsis} size="small" label={t.more(field.name)} />}
        entries={() =>
          operationEntries({
            instance,
            fields: [field.name],
            offered: field.operations,
            perspective: "FIELD",
            language,
            without: ["RERUN"],
          })
        }
      />
    </>
  );
}
