import { KeyRound } from "lucide-react";
import { useCallback, useDeferredValue, useMemo, useRef, useState } from "react";
import { Failure } from "../app/Page";
import { useShortcuts } from "../app/shortcuts";
import { useQueryState } from "../app/url";
import { InstanceFrame } from "../instance/InstanceFrame";
import { type Instance, isScript, useNodes } from "../instance/useInstance";
import { Glyph } from "../status/Glyph";
import { counts, statusOf, statusTexts } from "../status/status";
import { number, useTexts } from "../texts/texts";
import { Button, Segmented } from "../ui/Button";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Chip, Empty, SkeletonRows } from "../ui/pieces";
import { FieldsTable } from "./FieldsTable";
import { fitting, isKey, MODES, type Mode, modeOf } from "./fields";
import "./fields.css";
import { Lineage } from "./Lineage";
import { NodesTable } from "./NodesTable";
import { SelectionBar } from "./SelectionBar";
import { fieldTexts } from "./texts";
import { useFields } from "./useFields";

/** Fields of a logical table with their statuses and operations, one by one and for several; the node of a script. */
export default function FieldsPage() {
  return (
    <InstanceFrame tab="fields">
      {(instance) =>
        isScript(instance) ? <NodesTable instance={instance} /> : <Fields key={instance.line.id} instance={instance} />
      }
    </InstanceFrame>
  );
}

function Fields({ instance }: { instance: Instance }) {
  const t = useTexts(fieldTexts);
  const [query, change] = useQueryState();
  const mode = modeOf(query.get("mode"));
  const search = query.get("q") ?? "";
  const statuses = query.getAll("status");
  const { data, error, refetch } = useFields(instance.line.id);
  const nodes = useNodes(instance.line.id);
  const find = useRef<HTMLDivElement>(null);
  useShortcuts(t.fields, [{ keys: "/", label: t.find, run: () => find.current?.querySelector("input")?.focus() }]);
  const setSearch = useCallback((text: string) => change({ q: text }), [change]);
  return (
    <>
      <div className="toolbar fields-toolbar" ref={find}>
        <Segmented<Mode>
          label={t.mode}
          value={mode}
          options={MODES.map((value) => ({ value, label: t.modes[value] }))}
          onChange={(value) => change({ mode: value === "list" ? null : value })}
        />
        {mode !== "lineage" && (
          <>
            <SearchField value={search} onChange={setSearch} placeholder={t.find} shortcut="/" style={{ width: 220 }} />
            <Statuses
              numbers={data?.statuses ?? instance.line.fields}
              waiting={instance.line.waiting}
              chosen={statuses}
              onChange={(status) => change({ status })}
            />
          </>
        )}
      </div>
      {(error || nodes.error) && (
        <Failure
          error={error ?? nodes.error}
          onRetry={() => {
            void refetch();
            void nodes.refetch();
          }}
        />
      )}
      {mode === "lineage" ? (
        <Lineage instance={instance} />
      ) : data && nodes.data ? (
        <Chosen
          instance={instance}
          mode={mode}
          fields={data.items}
          nodes={nodes.data.items}
          search={search}
          statuses={statuses}
          onReset={() => change({ q: null, status: null })}
        />
      ) : (
        !error && <SkeletonRows label={t.loading} />
      )}
    </>
  );
}

/** Chips of the statuses that occur, which filter. */
function Statuses({
  numbers,
  waiting,
  chosen,
  onChange,
}: {
  numbers: Readonly<Record<string, number>>;
  waiting: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}) {
  const t = useTexts(statusTexts);
  const { shown } = counts(numbers, { waiting, most: 9 });
  const gone = chosen.filter((code) => !shown.some((each) => each.code === code));
  return [...shown, ...gone.map((code) => ({ code, status: statusOf(code), count: 0 }))].map((each) => {
    const pressed = chosen.includes(each.code);
    return (
      <Chip
        key={each.code}
        pressed={pressed}
        onPress={() => onChange(pressed ? chosen.filter((code) => code !== each.code) : [...chosen, each.code])}
      >
        <Glyph status={each.status} size={12} label="" />
        {each.code === "WAITING" && waiting.length !== 1 ? t.waiting : t.name[each.status]} <b>{number(each.count)}</b>
      </Chip>
    );
  });
}

type Shown = Parameters<typeof FieldsTable>[0];

function Chosen({
  instance,
  mode,
  fields,
  nodes,
  search,
  statuses,
  onReset,
}: Pick<Shown, "instance" | "fields" | "nodes"> & {
  mode: Mode;
  search: string;
  statuses: readonly string[];
  onReset: () => void;
}) {
  const t = useTexts(fieldTexts);
  const wanted = useDeferredValue(search);
  const states = statuses.join(" ");
  const shown = useMemo(() => fitting(fields, wanted, states.split(" ").filter(Boolean)), [fields, wanted, states]);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const selection = useMemo(() => fields.filter((field) => chosen.has(field.name) && !isKey(field)), [fields, chosen]);
  const all = fields.filter((field) => !isKey(field)).length;
  return (
    <>
      <FieldsTable
        instance={instance}
        matrix={mode === "matrix"}
        fields={shown}
        nodes={nodes}
        chosen={chosen}
        onChosen={setChosen}
        empty={
          <Empty title={t.none} action={<Button onClick={onReset}>{t.reset}</Button>}>
            {t.noneNote}
          </Empty>
        }
      />
      {selection.length > 0 ? (
        <SelectionBar instance={instance} fields={selection} onClear={() => setChosen(new Set())} />
      ) : (
        <div className="page-foot">
          <span>{t.shown(shown.filter((field) => !isKey(field)).length, all)}</span>
          {mode === "matrix" && <Legend />}
        </div>
      )}
    </>
  );
}

function Legend() {
  const t = useTexts(fieldTexts);
  return (
    <>
      <span className="rule" />
      <span className="legend-node">{t.legendNode}</span>
      <span className="legend-copy">{t.legendCopy}</span>
      <span className="legend-key">
        <Icon of={KeyRound} size={12} />
        {t.legendKey}
      </span>
    </>
  );
}
