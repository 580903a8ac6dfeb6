import { ChevronRight, Eye, KeyRound, Table2, TextCursorInput } from "lucide-react";
import { type ReactNode, useDeferredValue, useState } from "react";
import { Failure } from "../app/Page";
import { NONE } from "../texts/format";
import { number, useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Select } from "../ui/Menu";
import { SkeletonRows } from "../ui/pieces";
import {
  DEFAULT_SCHEMA,
  type Place,
  quoted,
  spoken,
  type TableLine,
  usePartitions,
  useSchemas,
  useTable,
  useTables,
} from "./names";
import { worksheetTexts } from "./texts";

type Insert = (text: string) => void;

/** Tables of a project beside the editor, with columns and partitions, read as they are opened. A name is put in where the cursor stands. */
export function Browser({ project, onInsert }: { project: string; onInsert: Insert }) {
  const t = useTexts(worksheetTexts);
  const [part, setPart] = useState("");
  const [schema, setSchema] = useState(DEFAULT_SCHEMA);
  const schemas = useSchemas(project).data?.items ?? [];
  const chosen = schemas.includes(schema) ? schema : DEFAULT_SCHEMA;
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useTables(
    project,
    chosen,
    useDeferredValue(part.trim()),
  );
  const lines = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <aside className="browser column" aria-label={t.tables}>
      <div className="browser-find">
        <SearchField placeholder={t.findTable} value={part} onChange={setPart} />
        {schemas.length > 1 && (
          <Select
            label={t.schema}
            value={chosen}
            options={schemas.map((name) => ({ value: name, label: name }))}
            onChange={setSchema}
          />
        )}
      </div>
      <Failure error={error} onRetry={() => void refetch()} />
      {project !== "" && !data && !error && <SkeletonRows rows={6} label={t.loading} />}
      {data && lines.length === 0 && <p className="browser-none muted">{part ? t.noSuchTable : t.noTables}</p>}
      <ul className="browser-tables">
        {lines.map((line) => (
          <TableItem
            key={`${project}.${line.schema}.${line.name}`}
            line={line}
            place={{ project, schema: line.schema, name: line.name }}
            onInsert={onInsert}
          />
        ))}
      </ul>
      {hasNextPage && (
        <Button
          kind="ghost"
          size="small"
          onClick={() => void fetchNextPage()}
          reason={isFetchingNextPage ? t.loading : undefined}
        >
          {t.more}
        </Button>
      )}
    </aside>
  );
}

function TableItem({ line, place, onInsert }: { line: TableLine; place: Place; onInsert: Insert }) {
  const t = useTexts(worksheetTexts);
  const [open, setOpen] = useState(false);
  return (
    <li>
      <div className="browser-line">
        <Toggle open={open} onToggle={() => setOpen(!open)} title={line.comment || line.name}>
          <Icon of={line.kind === "MANAGED_TABLE" ? Table2 : Eye} size={14} />
          <span className="ellipsis">{line.name}</span>
          {line.kind !== "MANAGED_TABLE" && <span className="hidden">{t.view}</span>}
        </Toggle>
        <IconButton
          icon={TextCursorInput}
          size="small"
          label={t.insert(line.name)}
          onClick={() => onInsert(spoken(place))}
        />
      </div>
      {open && <Inside place={place} onInsert={onInsert} />}
    </li>
  );
}

function Toggle({
  open,
  onToggle,
  title,
  children,
}: {
  open: boolean;
  onToggle: () => void;
  title?: string;
  children: ReactNode;
}) {
  return (
    <button type="button" className="browser-toggle" aria-expanded={open} onClick={onToggle} title={title}>
      <Icon of={ChevronRight} size={12} />
      {children}
    </button>
  );
}

function Inside({ place, onInsert }: { place: Place; onInsert: Insert }) {
  const t = useTexts(worksheetTexts);
  const [open, setOpen] = useState(false);
  const { data, error, refetch } = useTable(place);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={3} label={t.loading} />;
  const isView = data.line.kind !== "MANAGED_TABLE";
  return (
    <div className="browser-inside">
      {(data.line.comment || !isView) && (
        <p className="muted">
          {!isView && t.rows(number(data.rows), data.rows)}
          {data.line.comment && <span className="browser-comment">{data.line.comment}</span>}
        </p>
      )}
      <ul>
        {data.columns.map((column) => (
          <li key={column.name}>
            <button
              type="button"
              className="browser-column"
              title={[column.name, column.type, column.comment].filter(Boolean).join("\n")}
              onClick={() => onInsert(quoted(column.name))}
            >
              {column.is_partition && <Icon of={KeyRound} size={12} />}
              <span className="hidden">{t.insertThis} </span>
              <span className="ellipsis">{column.name}</span> <span className="muted ellipsis">{column.type}</span>
              {column.is_partition && <span className="hidden"> {t.partitionColumn}</span>}
            </button>
          </li>
        ))}
      </ul>
      {data.line.is_partitioned && (
        <>
          <Toggle open={open} onToggle={() => setOpen(!open)}>
            {t.partitions(data.partitions)}
          </Toggle>
          {open && <Partitions place={place} onInsert={onInsert} />}
        </>
      )}
    </div>
  );
}

function Partitions({ place, onInsert }: { place: Place; onInsert: Insert }) {
  const t = useTexts(worksheetTexts);
  const { data, error, refetch, hasNextPage, fetchNextPage } = usePartitions(place);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={2} label={t.loading} />;
  const lines = data.pages.flatMap((page) => page.items);
  return (
    <>
      <ul>
        {lines.map((line) => (
          <li key={line.spec}>
            <button type="button" className="browser-column" title={line.spec} onClick={() => onInsert(line.spec)}>
              <span className="hidden">{t.insertThis} </span>
              <span className="ellipsis">{line.spec}</span>{" "}
              <span className="muted">{line.rows ? number(line.rows) : NONE}</span>
            </button>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button kind="ghost" size="small" onClick={() => void fetchNextPage()}>
          {t.more}
        </Button>
      )}
    </>
  );
}
