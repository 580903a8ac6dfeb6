import { ChevronDown, ChevronRight, Lock } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { Glyph } from "../status/Glyph";
import { statusTexts } from "../status/status";
import { useLanguage } from "../texts/language";
import { number, useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { Checkbox, Switch } from "../ui/Choice";
import { classes } from "../ui/classes";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { Select } from "../ui/Menu";
import { Chip, Name, SkeletonRows } from "../ui/pieces";
import type { Choice, Plan } from "./choice";
import {
  barred,
  type Candidate,
  candidates,
  chosenOf,
  fieldsOf,
  fitting,
  type MemberFilters,
  NO_FILTERS,
  namesTwice,
  withField,
  withMembers,
} from "./members";
import { statusName, statusNamed } from "./names";
import { useDue } from "./parts";
import { type Row, Rows } from "./Rows";
import { operationTexts } from "./texts";

interface ColumnProps {
  /** The plan of everything downstream; undefined while it is on its way. */
  wide: Plan | undefined;
  plan: Plan | null;
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
  marked: ReadonlySet<string>;
  children?: ReactNode;
}

/** Instances downstream, and fields of them, to choose from: by name, status, level, owner and project. */
export function MemberColumn({ wide, plan, choice, change, marked, children }: ColumnProps) {
  const t = useTexts(operationTexts);
  const names = useTexts(statusTexts);
  const language = useLanguage();
  const [filters, setFilters] = useState<MemberFilters>(NO_FILTERS);
  const [first, setFirst] = useState(true);
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const all = useMemo(() => (wide ? candidates(wide) : []), [wide]);
  const closed = useMemo(() => (wide ? barred(wide) : []), [wide]);
  const repeated = useMemo(() => namesTwice(all), [all]);
  const shown = useMemo(() => fitting(all, filters), [all, filters]);
  const due = useDue();
  const dueOf = (member: Candidate) => (repeated.has(member.name) ? [due(member.due_at)] : []);
  const planned = new Map(plan?.members.map((member) => [member.instance, member]));
  const chosen = chosenOf(choice);
  const filter = (patch: Partial<MemberFilters>) => setFilters((now) => ({ ...now, ...patch }));
  const isFiltered = JSON.stringify(filters) !== JSON.stringify(NO_FILTERS);
  const byField = filters.search.trim() !== "";
  const open = shown.filter((member) => !member.closed);
  const taken = open.filter((member) => chosen.has(member.instance)).length;

  const fieldRow = (member: Candidate, field: { name: string; status: string }): Row => {
    const its = chosen.get(member.instance);
    const isChosen = its !== undefined && (its.fields ?? member.required).includes(field.name);
    const now = planned.get(member.instance);
    const isRequired = now?.required.includes(field.name) ?? false;
    const isAlong = (now?.fields.includes(field.name) ?? false) && !isChosen;
    const why = isRequired ? t.memberRequired : isAlong ? t.memberAlong : undefined;
    return {
      key: `${member.instance} ${field.name}`,
      className: classes("member-field", (isChosen || isAlong) && "chosen"),
      draw: () => (
        <>
          <Checkbox
            aria-label={`${member.name}.${field.name}`}
            checked={isChosen || isAlong || isRequired}
            reason={
              member.closed
                ? t.memberClosed(statusName(language, member.closed))
                : isChosen && !isRequired
                  ? undefined
                  : why
            }
            onChange={(checked) => change({ members: withField(choice, member, field.name, checked) })}
          />
          <Glyph status={statusNamed(field.status)} size={12} />
          <Name className="name">{field.name}</Name>
          <span className="muted t-11 ellipsis">
            {why ? (
              <span className="row gap-1">
                <Icon of={Lock} size={12} />
                {why}
              </span>
            ) : member.required.includes(field.name) ? (
              t.depends
            ) : (
              t.alongField
            )}
          </span>
        </>
      ),
    };
  };
  const memberRows = (member: Candidate): Row[] => {
    const its = chosen.get(member.instance);
    const fields = member.fields.length > 0 ? fieldsOf(member, filters) : [];
    const isOpen =
      opened.has(member.instance) || (byField && fields.length > 0 && fields.length < member.fields.length);
    const why = member.closed && !its ? t.memberClosed(statusName(language, member.closed)) : undefined;
    const turn = () =>
      setOpened((now) => {
        const next = new Set(now);
        if (!next.delete(member.instance)) next.add(member.instance);
        return next;
      });
    const line: Row = {
      key: String(member.instance),
      className: classes("member", its && "chosen", marked.has(`instance ${member.instance}`) && "marked"),
      draw: () => (
        <>
          <Checkbox
            aria-label={[member.name, ...dueOf(member)].join(", ")}
            checked={its !== undefined && its.fields === null}
            indeterminate={its !== undefined && its.fields !== null}
            reason={why}
            onChange={(checked) => change({ members: withMembers(choice, [member], checked) })}
          />
          {member.fields.length > 0 ? (
            <IconButton
              icon={isOpen ? ChevronDown : ChevronRight}
              size="small"
              label={t.fieldsOf(member.name)}
              aria-expanded={isOpen}
              onClick={turn}
            />
          ) : (
            <span className="no-fields" />
          )}
          <span className="row gap-1 statuses">
            {member.status.map((status) => (
              <Glyph key={status} status={statusNamed(status)} size={12} />
            ))}
          </span>
          <span className="member-name">
            <Name className="name">{member.name}</Name>
            <span className="muted t-11">{member.instance}</span>
            {dueOf(member).map((text) => (
              <span key={text} className="muted t-11 nowrap">
                {text}
              </span>
            ))}
          </span>
          <span className="muted ellipsis wide-only">{member.project}</span>
          <span className="muted ellipsis wide-only">{member.owners.join(", ")}</span>
          <span className="muted t-11 note ellipsis">
            {why
              ? statusName(language, member.closed)
              : its?.fields
                ? t.fields(its.fields.length)
                : t.levelOf(member.level)}
          </span>
        </>
      ),
    };
    return isOpen ? [line, ...fields.map((field) => fieldRow(member, field))] : [line];
  };
  const head = (key: string, title: string, count: number, note = ""): Row => ({
    key: `head ${key}`,
    isHead: true,
    draw: () => (
      <>
        <span>{title}</span>
        <span className="muted">{number(count)}</span>
        <span className="grow" />
        <span className="muted ellipsis">{note}</span>
      </>
    ),
  });
  const group = (key: string, title: string, members: readonly Candidate[], note = ""): Row[] =>
    members.length === 0 ? [] : [head(key, title, members.length, note), ...members.flatMap(memberRows)];
  const levels = [...new Set(shown.map((member) => member.level))];
  const bars = closed.filter((name) => name.toLowerCase().includes(filters.search.trim().toLowerCase()));
  const rows = [
    ...(first
      ? [
          ...group(
            "depends",
            t.dependsOn,
            shown.filter((member) => !member.optional),
          ),
          ...group(
            "optional",
            t.optional,
            shown.filter((member) => member.optional),
            t.optionalShort,
          ),
        ]
      : levels.flatMap((level) =>
          group(
            `level ${level}`,
            t.levelOf(level),
            shown.filter((member) => member.level === level),
          ),
        )),
    ...(bars.length > 0
      ? [
          head("barred", t.barred, bars.length),
          ...bars.map((name) => ({
            key: `barred ${name}`,
            className: "member",
            draw: () => (
              <>
                <Checkbox aria-label={name} checked={false} reason={t.barred} onChange={() => {}} />
                <Icon of={Lock} size={12} />
                <Name className="name">{name}</Name>
              </>
            ),
          })),
        ]
      : []),
  ];
  const select = (
    name: keyof MemberFilters,
    label: string,
    of: (member: Candidate) => readonly string[],
    word?: (value: string) => string,
  ) => {
    const values = [...new Set(all.flatMap(of))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    return (
      (values.length > 1 || filters[name] !== "all") && (
        <Select
          label={label}
          value={filters[name]}
          active={filters[name] !== "all"}
          options={[
            { value: "all", label: t.all },
            ...values.map((value) => ({ value, label: word?.(value) ?? value })),
          ]}
          onChange={(value) => filter({ [name]: value })}
        />
      )
    );
  };
  const total = (wide?.totals.members ?? 0) + (wide?.totals.optional ?? 0);
  return (
    <section className="operation-fields" aria-label={t.downstreamList}>
      {children}
      <div className="fields-head">
        <SearchField
          className="grow"
          value={filters.search}
          onChange={(search) => filter({ search })}
          placeholder={t.findMember}
        />
        <Chip
          pressed={filters.status === "Failed"}
          onPress={() => filter({ status: filters.status === "Failed" ? "all" : "Failed" })}
        >
          <Glyph status="failed" size={12} label="" />
          {names.name.failed}
        </Chip>
      </div>
      <div className="fields-head member-filters">
        {select(
          "status",
          t.status,
          (member) => [...member.status, ...member.field_status],
          (value) => statusName(language, value),
        )}
        {select("level", t.level, (member) => [String(member.level)])}
        {select("owner", t.owner, (member) => member.owners)}
        {select("project", t.project, (member) => [member.project])}
      </div>
      <div className="fields-head">
        <Switch checked={first} onChange={setFirst}>
          {t.prioritize}
        </Switch>
        <span className="grow" />
        <span className="muted t-12 nowrap">{t.members(choice.members.length, total)}</span>
        {open.length > 1 && (
          <Checkbox
            checked={taken === open.length}
            indeterminate={taken > 0}
            onChange={(checked) => change({ members: withMembers(choice, open, checked) })}
          >
            {isFiltered ? t.selectShown(open.length) : t.selectAll}
          </Checkbox>
        )}
      </div>
      {!wide && <SkeletonRows label={t.downstreamList} />}
      <Rows label={t.downstreamList} rows={rows} />
      {wide && rows.length === 0 && <p className="none muted">{all.length === 0 ? t.nothingDownstream : t.none}</p>}
      {wide && total > all.length && <p className="none muted">{t.firstOf(all.length, total)}</p>}
    </section>
  );
}
