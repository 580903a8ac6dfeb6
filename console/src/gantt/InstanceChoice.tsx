import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { useZone } from "../app/session";
import { StatusText } from "../status/Glyph";
import { KindIcon } from "../status/kinds";
import { statusOf } from "../status/status";
import { dateTime } from "../texts/format";
import { useTexts } from "../texts/texts";
import { SearchField } from "../ui/Field";
import { Popover } from "../ui/Floating";
import { Icon } from "../ui/Icon";
import { ganttTexts } from "./texts";

type Line = Schemas["InstanceLine"];

/** Name, id and scheduled time, as the lists of start and end nodes show an instance. */
export function labelOf(line: Pick<Line, "name" | "id" | "due_at">, zone: string): string {
  return `${line.name}(${line.id}, ${dateTime(line.due_at, zone)})`;
}

/** Chooses an instance by searching for its name or id among those of a data timestamp; `root` offers the tenant's root, too. */
export function InstanceChoice({
  label,
  value,
  around,
  root,
  onChange,
}: {
  label: string;
  value: string;
  /** Of which environment and data timestamp the list is. */
  around: Line;
  root: boolean;
  onChange: (id: number) => void;
}) {
  const trigger = (
    <button type="button" className="field gantt-choice">
      {label} <b>{value}</b>
      <Icon of={ChevronDown} size={12} />
    </button>
  );
  return (
    <Popover trigger={trigger} label={label} width={460}>
      {(close) => (
        <Choices
          around={around}
          root={root}
          onChoose={(id) => {
            onChange(id);
            close();
          }}
        />
      )}
    </Popover>
  );
}

function Choices({ around, root, onChoose }: { around: Line; root: boolean; onChoose: (id: number) => void }) {
  const t = useTexts(ganttTexts);
  const zone = useZone();
  const [search, setSearch] = useState("");
  const text = useDeferredValue(search.trim());
  const environment = around.environment === "DEV" ? ("DEV" as const) : ("PROD" as const);
  const query = { search: text, bizdate: [around.bizdate], environment, sort: "due", order: "asc", limit: 50 };
  const { data } = useQuery({
    queryKey: keys.instances("choice", query),
    queryFn: ({ signal }) => api.get("/instances", { query: query as never, signal }),
  });
  const found = data?.items.filter((line) => line.id !== around.id) ?? [];
  return (
    <div className="filter-choices">
      <SearchField value={search} onChange={setSearch} placeholder={t.find} />
      <ul className="gantt-choices">
        {root && text === "" && (
          <li>
            <button type="button" onClick={() => onChoose(0)}>
              <span className="grow">{t.root}</span>
              <span className="muted">{t.toRoot}</span>
            </button>
          </li>
        )}
        {found.map((line) => (
          <li key={line.id}>
            <button type="button" onClick={() => onChoose(line.id)}>
              <KindIcon kind={line.kind} />
              <span className="grow ellipsis">{labelOf(line, zone)}</span>
              <StatusText status={statusOf(line.statuses[0] ?? "INIT", { waiting: line.waiting[0] })} size={12}>
                {""}
              </StatusText>
            </button>
          </li>
        ))}
        {found.length === 0 && <li className="muted gantt-none">{data ? t.none : t.searching}</li>}
      </ul>
    </div>
  );
}
