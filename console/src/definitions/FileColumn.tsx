import { FileCode2, FileText } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import type { Schemas } from "../api/client";
import { useTexts } from "../texts/texts";
import { SearchField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import type { Drafts } from "./drafts";
import type { Finding } from "./finding";
import { definitionTexts } from "./texts";

interface Props {
  list: Schemas["FileList"];
  drafts: Drafts;
  conflicts: readonly string[];
  findings: readonly Finding[];
  current: string;
  onOpen: (path: string) => void;
  foot: ReactNode;
}

/** The files with what is the matter with each; also found by the tasks in them. */
export function FileColumn({ list, drafts, conflicts, findings, current, onOpen, foot }: Props) {
  const t = useTexts(definitionTexts);
  const [search, setSearch] = useState("");
  const lines = useMemo(() => {
    const known = new Map(list.files.map((each) => [each.path, each.tasks.map((task) => task.id)]));
    for (const path of drafts.keys()) if (!known.has(path)) known.set(path, []);
    const text = search.trim().toLowerCase();
    return [...known]
      .filter(([path, tasks]) => [path, ...tasks].some((each) => each.toLowerCase().includes(text)))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }, [list, drafts, search]);
  const wrong = useMemo(() => new Set(findings.filter((each) => !each.warning).map((each) => each.file)), [findings]);
  return (
    <nav className="desk-files column" aria-label={t.files}>
      <div className="desk-search">
        <SearchField value={search} onChange={setSearch} placeholder={t.find} />
      </div>
      <ul>
        {lines.map(([path, tasks]) => {
          const draft = drafts.get(path);
          const state = conflicts.includes(path)
            ? t.conflict
            : draft === undefined
              ? ""
              : draft.text === null
                ? t.removed
                : draft.etag === ""
                  ? t.isNew
                  : t.changed;
          const at = path.lastIndexOf("/") + 1;
          return (
            <li key={path}>
              <button
                type="button"
                aria-current={path === current ? "page" : undefined}
                title={[path, state].filter(Boolean).join(" · ")}
                className={draft?.text === null ? "gone" : undefined}
                onClick={() => onOpen(path)}
              >
                <Icon of={/\.ya?ml$/i.test(path) ? FileText : FileCode2} size={14} />
                <span className="ellipsis grow">
                  <span className="muted">{path.slice(0, at)}</span>
                  {path.slice(at)}
                </span>
                {wrong.has(path) && <span className="dot fail" role="img" aria-label={t.error} />}
                {state && (
                  <span className="dot" role="img" aria-label={state}>
                    {conflicts.includes(path) ? "!" : draft?.text === null ? "−" : draft?.etag === "" ? "+" : "●"}
                  </span>
                )}
                {tasks.length > 0 && !state && (
                  <span className="muted t-11" title={t.tasksOf(tasks.length)}>
                    {tasks.length}
                  </span>
                )}
              </button>
            </li>
          );
        })}
        {lines.length === 0 && <li className="muted t-12 desk-note">{search ? t.noFile : t.noFiles}</li>}
      </ul>
      {list.hidden > 0 && <p className="muted t-12 desk-note">{t.hidden(list.hidden)}</p>}
      <div className="desk-foot">{foot}</div>
    </nav>
  );
}
