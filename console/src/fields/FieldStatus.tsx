import { StatusText } from "../status/Glyph";
import { statusOf } from "../status/status";
import { useTexts } from "../texts/texts";
import { Tag } from "../ui/pieces";
import type { Field } from "./fields";
import { fieldTexts } from "./texts";

/** The normalised status of a field; a key has none. */
export function FieldStatus({ field }: { field: Field }) {
  const t = useTexts(fieldTexts);
  if (field.status === null) return <span className="muted">{t.noStatus}</span>;
  const status = statusOf(field.status, { waiting: field.waiting, paused: field.paused === "paused" });
  const flag = field.paused === "partly paused" ? t.partly : field.paused !== "" && status !== "paused" ? t.paused : "";
  return (
    <span className="row gap-2">
      <StatusText status={status} />
      {flag && <Tag>{flag}</Tag>}
    </span>
  );
}
