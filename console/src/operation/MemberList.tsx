import { useMemo, useState } from "react";
import { Glyph } from "../status/Glyph";
import { type Status, statusTexts } from "../status/status";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Checkbox } from "../ui/Choice";
import { SearchField } from "../ui/Field";
import { Select } from "../ui/Menu";
import type { Choice, Member, Plan } from "./choice";
import { operationTexts } from "./texts";

const STATUS: Record<string, Status> = {
  Succeeded: "succeeded",
  Failed: "failed",
  Running: "running",
  Waiting: "waiting",
  "Not Running": "notRunning",
};

/** The status that the server names in a preview. */
export function statusNamed(name: string): Status {
  if (name.startsWith("Waiting for Scheduled")) return "waiting";
  if (name.startsWith("Waiting for") || name.includes("Resource")) return "resources";
  if (name.startsWith("Throttl")) return "throttled";
  if (name.startsWith("Paused") || name.includes("(paused)")) return "paused";
  return STATUS[name.replace(/ \(.*\)$/, "")] ?? "notRunning";
}

/** Instances downstream to choose from, by status, level, owner and project. */
export function MemberList({
  plan,
  choice,
  change,
}: {
  plan: Plan;
  choice: Choice;
  change: (patch: Partial<Choice>) => void;
}) {
  const t = useTexts(operationTexts);
  const names = useTexts(statusTexts);
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("all");
  const [level, setLevel] = useState("all");
  const [owner, setOwner] = useState("all");
  const [project, setProject] = useState("all");
  const members = useMemo(
    () => [...plan.members, ...plan.optional].sort((a, b) => a.level - b.level || a.name.localeCompare(b.name)),
    [plan],
  );
  /** Why a member cannot take part, as the server said of everything downstream. */
  const closed = useMemo(() => {
    const found = new Map<string, string>();
    for (const refusal of plan.refusals)
      for (const item of refusal.items ?? [])
        found.set(item.name.split("/")[0] ?? item.name, item.status || refusal.code);
    return found;
  }, [plan]);
  const wanted = search.trim().toLowerCase();
  const fits = (member: Member) =>
    (wanted === "" || member.name.toLowerCase().includes(wanted) || String(member.instance) === wanted) &&
    (status === "all" || member.status.includes(status)) &&
    (level === "all" || String(member.level) === level) &&
    (owner === "all" || member.owners.includes(owner)) &&
    (project === "all" || member.project === project);
  const shown = members.filter(fits);
  const open = shown.filter((member) => !closed.has(member.name));
  const chosen = new Set(choice.members);
  const set = (instances: Iterable<number>) => change({ members: [...instances] });
  const select = (
    label: string,
    value: string,
    values: Iterable<string>,
    onChange: (value: string) => void,
    name?: (value: string) => string,
  ) => {
    const all = [...new Set(values)].sort();
    return (
      all.length > 1 && (
        <Select
          label={label}
          value={value}
          active={value !== "all"}
          options={[
            { value: "all", label: t.all },
            ...all.map((each) => ({ value: each, label: name?.(each) ?? each })),
          ]}
          onChange={onChange}
        />
      )
    );
  };
  return (
    <div className="members">
      {members.length > 5 && <SearchField value={search} onChange={setSearch} placeholder={t.find} />}
      <div className="row gap-1 member-filters">
        {select(
          t.status,
          status,
          members.flatMap((member) => member.status),
          setStatus,
          (each) => names.name[statusNamed(each)],
        )}
        {select(
          t.level,
          level,
          members.map((member) => String(member.level)),
          setLevel,
        )}
        {select(
          t.owner,
          owner,
          members.flatMap((member) => member.owners),
          setOwner,
        )}
        {select(
          t.project,
          project,
          members.map((member) => member.project),
          setProject,
        )}
      </div>
      <ul>
        {shown.map((member) => {
          const why = closed.get(member.name);
          return (
            <li key={member.instance}>
              <Checkbox
                aria-label={member.name}
                checked={chosen.has(member.instance)}
                reason={chosen.has(member.instance) ? undefined : why}
                onChange={(checked) => {
                  const next = new Set(chosen);
                  if (checked) next.add(member.instance);
                  else next.delete(member.instance);
                  set(next);
                }}
              />
              <Glyph status={statusNamed(member.status[0] ?? "")} size={12} />
              <span
                className="ellipsis grow"
                title={`${member.name} · ${member.project} · ${member.owners.join(", ")}`}
              >
                {member.name}
              </span>
              <span className="muted t-11">{why ?? member.level}</span>
            </li>
          );
        })}
        {shown.length === 0 && <li className="muted">{t.none}</li>}
      </ul>
      {open.length > 1 && (
        <Button
          kind="ghost"
          size="small"
          onClick={() => {
            const every = open.every((member) => chosen.has(member.instance));
            const next = new Set(chosen);
            for (const member of open) {
              if (every) next.delete(member.instance);
              else next.add(member.instance);
            }
            set(next);
          }}
        >
          {t.selectAllShown}
        </Button>
      )}
    </div>
  );
}
