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
import { SkeletonRows } from "../ui/pieces";
import { type Choice, hasCode, type Plan } from "./choice";
import { statusNamed } from "./MemberList";
import { alongText, reasonText } from "./names";
import type { OperationRequest } from "./open";
import { operationTexts } from "./texts";

type Planned = Schemas["FieldView"];
type Offered = Schemas["FieldOfferLine"];

interface ColumnProps {
  request: OperationRequest;
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
  plan: Plan | null;
  marked: ReadonlySet<string>;
  isOld: boolean;
}

/** The fields of the table: those selected, those that must run along with the reason, and the rest. */
export function FieldColumn({ request, choice, change, plan, marked, isOld }: ColumnProps) {
  const t = useTexts(operationTexts);
  const names = useTexts(statusTexts);
  const language = useLanguage();
  const instance = request.targets[0]?.instance ?? 0;
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("all");
  const [first, setFirst] = useState(true);
  const [opened, setOpened] = useState(true);
  const list = useRef<HTMLDivElement>(null);
  const toggled = useRef("");
  // A field that goes to another group takes the focus along.
  // biome-ignore lint/correctness/useExhaustiveDependencies: groups change with what is chosen and planned
  useEffect(() => {
    const active = document.activeElement;
    if (toggled.current === "" || (active !== document.body && !active?.contains(list.current))) return;
    list.current?.querySelector<HTMLElement>(`input[aria-label="${CSS.escape(toggled.current)}"]`)?.focus();
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
  const offered = new Map<string, Offered>((offers?.fields ?? []).map((field) => [field.name, field]));
  const fields = (page?.items ?? []).filter((field) => field.status !== null);
  const lines = new Map(fields.map((field) => [field.name, field]));
  const required = plan?.required ?? [];
  const associated = plan?.associated ?? [];
  const along = new Map<string, Planned>(
    [...required, ...associated].filter((field) => !field.other_table).map((field) => [field.name, field]),
  );
  // Without fields the server says which are meant: all of the table, or those of the chosen scope.
  const requested = new Set(choice.fields ?? (plan?.requested ?? []).map((field) => field.name));
  const wanted = search.trim().toLowerCase();
  const fits = (name: string, label: string, code: string) =>
    (wanted === "" || `${name} ${label}`.toLowerCase().includes(wanted)) && (status === "all" || code === status);
  const toggle = (name: string, checked: boolean) => {
    toggled.current = name;
    const now = choice.fields ?? fields.map((field) => field.name);
    const next = checked ? [...now, name] : now.filter((each) => each !== name);
    change({ fields: next, scope: request.operation === "SET_SUCCESS" ? "CUSTOM" : choice.scope, quick: false });
  };
  const row = (name: string): ReactNode => {
    const field = lines.get(name);
    if (!field || !fits(field.name, field.label, field.status ?? "")) return null;
    const its = along.get(name);
    const isChosen = requested.has(name);
    const offer = offered.get(name);
    const closed =
      offer && !offer.open && !isChosen ? reasonText(language, offer.code ?? "", offer.reason ?? "") : undefined;
    return (
      <li
        key={name}
        className={classes(isChosen && "chosen", its && "along", marked.has(`field ${instance} ${name}`) && "marked")}
      >
        <Checkbox
          aria-label={name}
          checked={isChosen || its !== undefined}
          reason={its && !isChosen ? alongText(language, its.reason) || t.associated : closed}
          onChange={(checked) => toggle(name, checked)}
        />
        <span className="ellipsis name" title={name}>
          {name}
        </span>
        <span className="ellipsis muted">{field.label}</span>
        <span className="muted t-11 ellipsis nodes" title={field.nodes.map((node) => node.label).join(", ")}>
          {field.nodes.map((node) => node.label.split("/").at(-1)).join(", ")}
        </span>
        <Glyph
          status={statusOf(field.status ?? "", { waiting: field.waiting, paused: field.paused === "paused" })}
          size={12}
        />
        {its && !isChosen && (
          <span className="why">
            <Icon of={Lock} size={12} />
            {alongText(language, its.reason)}
          </span>
        )}
      </li>
    );
  };
  const ofOther = (field: Planned): ReactNode =>
    fits(`${field.table}.${field.name}`, "", codeNamed(field.status)) && (
      <li
        key={`${field.instance}.${field.name}`}
        className={classes("along", marked.has(`field ${field.instance} ${field.name}`) && "marked")}
      >
        <Checkbox
          aria-label={`${field.table}.${field.name}`}
          checked
          reason={alongText(language, field.reason) || t.associated}
          onChange={() => {}}
        />
        <span className="ellipsis name wide" title={`${field.table}.${field.name}`}>
          {field.table}.{field.name}
        </span>
        <span className="muted t-11 ellipsis nodes">{field.nodes.join(", ")}</span>
        <Glyph status={statusNamed(field.status)} size={12} />
        <span className="why">
          <Icon of={Lock} size={12} />
          {alongText(language, field.reason)}
        </span>
      </li>
    );
  const group = (list: readonly Planned[]) => [
    ...list.filter((field) => !field.other_table && !requested.has(field.name)).map((field) => row(field.name)),
    ...list.filter((field) => field.other_table).map(ofOther),
  ];
  const rest = fields.filter((field) => !requested.has(field.name) && !along.has(field.name));
  const counted = COUNTED.filter((code) => fields.some((field) => field.status === code));
  return (
    <section className="operation-fields" aria-label={t.fields(fields.length)} aria-busy={isOld}>
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
        <Switch checked={first} onChange={setFirst}>
          {t.prioritize}
        </Switch>
        <span className="grow" />
        <span className="muted t-12 nowrap">{t.fields(fields.length)}</span>
      </div>
      <Failure error={error} onRetry={() => void refetch()} />
      {isPending && <SkeletonRows label={t.findField} />}
      <div className="fields-list" ref={list}>
        {first ? (
          <>
            <Group title={t.selected} count={requested.size}>
              {fields.filter((field) => requested.has(field.name)).map((field) => row(field.name))}
            </Group>
            <Group title={t.required} count={required.length} note={t.requiredNote}>
              {group(required)}
            </Group>
            <Group
              title={hasCode(request.operation) ? t.associated : t.along}
              count={associated.length}
              note={t.associatedNote}
            >
              {group(associated)}
            </Group>
            <Group
              title={t.notAffected}
              count={rest.length}
              action={
                <Button kind="ghost" size="small" aria-expanded={opened} onClick={() => setOpened(!opened)}>
                  {opened ? t.hide : t.show}
                </Button>
              }
            >
              {opened && rest.map((field) => row(field.name))}
            </Group>
          </>
        ) : (
          <ul>
            {fields.map((field) => row(field.name))}
            {[...required, ...associated].filter((field) => field.other_table).map(ofOther)}
          </ul>
        )}
      </div>
    </section>
  );
}

function Group({
  title,
  count,
  note,
  action,
  children,
}: {
  title: string;
  count: number;
  note?: string;
  action?: ReactNode;
  children: ReactNode;
}) {
  if (count === 0) return null;
  return (
    <>
      <div className="group-head">
        <span>{title}</span>
        <span className="muted">{number(count)}</span>
        <span className="grow" />
        {note && <span className="muted">{note}</span>}
        {action}
      </div>
      <ul>{children}</ul>
    </>
  );
}

/** The class of a status that the server names in a preview. */
function codeNamed(name: string): string {
  return name.toUpperCase().replaceAll(" ", "_");
}
