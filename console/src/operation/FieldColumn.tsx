import { useQuery } from "@tanstack/react-query";
import { Lock } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { Glyph } from "../status/Glyph";
import { COUNTED, statusOf, statusTexts } from "../status/status";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Checkbox, Switch } from "../ui/Choice";
import { classes } from "../ui/classes";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Select } from "../ui/Menu";
import { Name, SkeletonRows } from "../ui/pieces";
import { type Choice, hasCode, type Plan } from "./choice";
import { reasonText, said, statusNamed } from "./names";
import type { OperationRequest } from "./open";
import { type Row, Rows, type RowsHandle } from "./Rows";
import { operationTexts } from "./texts";

type Planned = Schemas["FieldView"];

interface ColumnProps {
  request: OperationRequest;
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
  plan: Plan | null;
  marked: ReadonlySet<string>;
  isOld: boolean;
  /** Above the list: what else the column can show. */
  children?: ReactNode;
}

/** The fields of the table: those selected, those that must run along with the reason, and the rest. */
export function FieldColumn({ request, choice, change, plan, marked, isOld, children }: ColumnProps) {
  const t = useTexts(operationTexts);
  const names = useTexts(statusTexts);
  const language = useLanguage();
  const instance = request.targets[0]?.instance ?? 0;
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("all");
  const [first, setFirst] = useState(true);
  const [opened, setOpened] = useState(true);
  const section = useRef<HTMLElement>(null);
  const list = useRef<RowsHandle>(null);
  const toggled = useRef("");
  // A field that goes to another group takes the focus along.
  // biome-ignore lint/correctness/useExhaustiveDependencies: groups change with what is chosen and planned
  useEffect(() => {
    const active = document.activeElement;
    if (toggled.current === "" || (active !== document.body && !active?.contains(section.current))) return;
    list.current?.scrollTo(toggled.current);
    requestAnimationFrame(() =>
      section.current?.querySelector<HTMLElement>(`input[aria-label="${CSS.escape(toggled.current)}"]`)?.focus(),
    );
  }, [choice, plan]);
  const {
    data: page,
    error,
    refetch,
    isPending,
  } = useQuery({
    queryKey: keys.instance(instance, "fields"),
    queryFn: ({ signal }) => api.get("/instances/{id}/fields", { path: { id: instance }, signal }),
  });
  const { data: offers } = useQuery({
    queryKey: keys.instance(instance, "offers", request.operation),
    queryFn: ({ signal }) =>
      api.get("/instances/{id}/offers", { path: { id: instance }, query: { operation: request.operation }, signal }),
  });
  const offered = new Map((offers?.fields ?? []).map((field) => [field.name, field]));
  const fields = (page?.items ?? []).filter((field) => field.status !== null);
  const lines = new Map(fields.map((field) => [field.name, field]));
  const required = plan?.required ?? [];
  const associated = plan?.associated ?? [];
  const along = new Map<string, Planned>(
    [...required, ...associated].filter((field) => !field.other_table).map((field) => [field.name, field]),
  );
  // Without fields the server says which are meant: all of the table, or those of the chosen scope.
  const requested = new Set(
    choice.fields ??
      (plan ? plan.requested : request.operation === "SET_SUCCESS" ? [] : fields).map((each) => each.name),
  );
  const wanted = search.trim().toLowerCase();
  const fits = (name: string, label: string, code: string) =>
    (wanted === "" || `${name} ${label}`.toLowerCase().includes(wanted)) && (status === "all" || code === status);
  const choose = (next: readonly string[]) =>
    change({ fields: next, quick: false, ...(request.operation === "SET_SUCCESS" && { scope: "CUSTOM" }) });
  const now = () => choice.fields ?? [...requested];
  const toggle = (name: string, checked: boolean) => {
    toggled.current = name;
    choose(checked ? [...now(), name] : now().filter((each) => each !== name));
  };
  const closed = (name: string) => {
    const offer = offered.get(name);
    return offer && !offer.open ? reasonText(language, offer.code ?? "", offer.reason ?? "") : undefined;
  };
  const row = (name: string): Row[] => {
    const field = lines.get(name);
    if (!field || !fits(field.name, field.label, field.status ?? "")) return [];
    const its = along.get(name);
    const isChosen = requested.has(name);
    const nodes = field.nodes.map((node) => node.label.split("/").at(-1)).join(", ");
    const draw = () => (
      <>
        <Checkbox
          aria-label={name}
          checked={isChosen || its !== undefined}
          reason={isChosen ? undefined : its ? said(language, its.reason) || t.associated : closed(name)}
          onChange={(checked) => toggle(name, checked)}
        />
        <Name className="name">{name}</Name>
        <span className="ellipsis muted" title={field.label}>
          {field.label}
        </span>
        <span className="muted t-11 ellipsis nodes" title={nodes}>
          {nodes}
        </span>
        <Glyph
          status={statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" })}
          size={12}
        />
        {its && !isChosen && <Why>{said(language, its.reason)}</Why>}
      </>
    );
    const isMarked = marked.has(`field ${instance} ${name}`);
    const isAlong = its !== undefined && !isChosen;
    return [
      {
        key: name,
        height: isAlong ? 47 : undefined,
        className: classes(isChosen && "chosen", isAlong && "along", isMarked && "marked"),
        draw,
      },
    ];
  };
  const ofOther = (field: Planned): Row[] => {
    const name = `${field.table}.${field.name}`;
    if (!fits(name, "", codeNamed(field.status))) return [];
    return [
      {
        key: `other ${field.instance} ${field.name}`,
        height: 47,
        className: classes("along", marked.has(`field ${field.instance} ${field.name}`) && "marked"),
        draw: () => (
          <>
            <Checkbox
              aria-label={name}
              checked
              reason={said(language, field.reason) || t.associated}
              onChange={() => {}}
            />
            <Name className="name wide">{name}</Name>
            <span className="muted t-11 ellipsis nodes">{field.nodes.join(", ")}</span>
            <Glyph status={statusNamed(field.status)} size={12} />
            <Why>{said(language, field.reason)}</Why>
          </>
        ),
      },
    ];
  };
  const group = (title: string, count: number, rows: readonly Row[], aside?: ReactNode): Row[] =>
    count === 0
      ? []
      : [
          {
            key: `head ${title}`,
            isHead: true,
            draw: () => (
              <>
                <span>{title}</span>
                <span className="muted">{number(count)}</span>
                <span className="grow" />
                {aside}
              </>
            ),
          },
          ...rows,
        ];
  const note = (text: string) => <span className="muted ellipsis">{text}</span>;
  const joined = (list: readonly Planned[]) => [
    ...list.filter((field) => !field.other_table && !requested.has(field.name)).flatMap((field) => row(field.name)),
    ...list.filter((field) => field.other_table).flatMap(ofOther),
  ];
  const rest = fields.filter((field) => !requested.has(field.name) && !along.has(field.name));
  const rows = first
    ? [
        ...group(
          t.selected,
          requested.size,
          fields.filter((field) => requested.has(field.name)).flatMap((field) => row(field.name)),
        ),
        ...group(t.required, required.length, joined(required), note(t.requiredNote)),
        ...group(
          hasCode(request.operation) ? t.associated : t.along,
          associated.length,
          joined(associated),
          note(t.associatedNote),
        ),
        ...group(
          t.notAffected,
          rest.length,
          opened ? rest.flatMap((field) => row(field.name)) : [],
          <Button kind="ghost" size="small" aria-expanded={opened} onClick={() => setOpened(!opened)}>
            {opened ? t.hide : t.show}
          </Button>,
        ),
      ]
    : [
        ...fields.flatMap((field) => row(field.name)),
        ...[...required, ...associated].filter((field) => field.other_table).flatMap(ofOther),
      ];
  const counted = COUNTED.filter((code) => fields.some((field) => field.status === code));
  const open = fields
    .filter((field) => fits(field.name, field.label, field.status ?? "") && !along.has(field.name))
    .map((field) => field.name)
    .filter((name) => requested.has(name) || closed(name) === undefined);
  const chosen = open.filter((name) => requested.has(name)).length;
  const isFiltered = wanted !== "" || status !== "all";
  return (
    <section className="operation-fields" aria-label={t.fields(fields.length)} aria-busy={isOld} ref={section}>
      {children}
      <div className="fields-head">
        <SearchField className="grow" value={search} onChange={setSearch} placeholder={t.findField} />
        <Select
          label={t.status}
          value={status}
          active={status !== "all"}
          options={[
            { value: "all", label: t.all },
            ...counted.map((code) => ({
              value: code,
              label: code === "WAITING" ? names.waiting : names.name[statusOf(code)],
            })),
          ]}
          onChange={setStatus}
        />
      </div>
      <div className="fields-head">
        {hasCode(request.operation) && (
          <Switch checked={first} onChange={setFirst}>
            {t.prioritize}
          </Switch>
        )}
        <span className="grow" />
        {isFiltered && open.length > 1 ? (
          <Checkbox
            checked={chosen === open.length}
            indeterminate={chosen > 0}
            onChange={(checked) => {
              const shown = new Set(open);
              const others = now().filter((name) => !shown.has(name));
              choose(checked ? [...others, ...open] : others);
            }}
          >
            {t.selectShown(open.length)}
          </Checkbox>
        ) : (
          <span className="muted t-12 nowrap">{t.fields(fields.length)}</span>
        )}
      </div>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <SkeletonRows label={t.findField} />}
      <Rows label={t.fields(fields.length)} rows={rows} ref={list} />
      {!isPending && rows.every((each) => each.isHead) && <p className="none muted">{t.none}</p>}
    </section>
  );
}

function Why({ children }: { children: string }) {
  return (
    <span className="why">
      <Icon of={Lock} size={12} />
      <span className="ellipsis" title={children}>
        {children}
      </span>
    </span>
  );
}

/** The class of a status that the server names in a preview. */
function codeNamed(name: string): string {
  return name.toUpperCase().replaceAll(" ", "_");
}
