import { ChevronLeft, ChevronRight, Copy } from "lucide-react";
import type { Schemas } from "../api/client";
import { number, useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { Panel } from "../ui/Sheet";
import { toast } from "../ui/Toasts";
import { runTexts } from "./texts";

/** Characters from which a value may be higher than its room. */
const LONG = 400;

/** One row of a result with every value whole, however long it is. */
export function RowPanel({
  at,
  total,
  columns,
  cells,
  onMove,
  onClose,
}: {
  at: number;
  total: number;
  columns: readonly Schemas["ResultColumn"][];
  /** undefined: on its way. */
  cells: readonly (string | null)[] | undefined;
  onMove: (at: number) => void;
  onClose: () => void;
}) {
  const t = useTexts(runTexts);
  return (
    <Panel
      open
      onClose={onClose}
      title={t.row(number(at + 1))}
      close={t.close}
      width={560}
      aside={
        <>
          <IconButton
            icon={ChevronLeft}
            label={t.previousRow}
            reason={at === 0 ? t.firstRow : undefined}
            onClick={() => onMove(at - 1)}
          />
          <IconButton
            icon={ChevronRight}
            label={t.nextRow}
            reason={at + 1 >= total ? t.lastRow : undefined}
            onClick={() => onMove(at + 1)}
          />
        </>
      }
    >
      <dl className="row-values">
        {columns.map((column, place) => {
          const value = cells?.[place];
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have one name; the place is the identity
            <div key={place}>
              <dt>
                <span className="medium">{column.name}</span> <span className="muted t-11">{column.type}</span>
                {typeof value === "string" && (
                  <IconButton
                    icon={Copy}
                    size="small"
                    label={t.copyValue(column.name)}
                    onClick={() => void navigator.clipboard?.writeText(value).then(() => toast({ text: t.copied }))}
                  />
                )}
              </dt>
              <dd>
                {value === null ? (
                  <span className="null">{t.isNull}</span>
                ) : (
                  <pre tabIndex={(value?.length ?? 0) > LONG ? 0 : undefined}>{value}</pre>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </Panel>
  );
}
