import { KeyRound } from "lucide-react";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { Name, Tag } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import { type Field, isKey } from "./fields";
import { fieldTexts } from "./texts";

/** A field's name with what is special about it: key, redundant, required. */
export function FieldName({ field }: { field: Field }) {
  const t = useTexts(fieldTexts);
  const key = isKey(field);
  return (
    <span className="row gap-2 field-name">
      <Name className="medium">{field.name}</Name>
      {key && (
        <Tooltip content={t.keyNote}>
          <Tag tabIndex={0}>
            <Icon of={KeyRound} size={12} />
            {t.key}
          </Tag>
        </Tooltip>
      )}
      {!key && field.nodes.length > 1 && (
        <Tooltip content={t.copiesNote(field.nodes.map((node) => node.name).join(", "))}>
          <Tag tabIndex={0}>{t.copies(field.nodes.length)}</Tag>
        </Tooltip>
      )}
      {field.required && (
        <Tooltip content={field.required}>
          <Tag tabIndex={0}>{t.required}</Tag>
        </Tooltip>
      )}
    </span>
  );
}
