import "./definitions.css";
import { useQueryClient } from "@tanstack/react-query";
import { Eye, FilePlus2, FolderX, Lock, Trash2, Undo2 } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { keys } from "../api/keys";
import { Failure } from "../app/Page";
import { useSession } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { useEnvironment, useQueryState } from "../app/url";
import type { Task } from "../tasks/useTask";
import { useTexts } from "../texts/texts";
import { Button, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Empty, Keys, SkeletonRows, Tag } from "../ui/pieces";
import { Commands } from "./Commands";
import { Conflict } from "./Conflict";
import type { Target } from "./DefinitionEditor";
import { conflictsOf, definitionOf, dropDrafts, setDraft, typed, useDrafts } from "./drafts";
import { FileColumn } from "./FileColumn";
import type { Finding } from "./finding";
import { NewFile } from "./NewFile";
import { PlanPanel } from "./PlanPanel";
import { ProblemList } from "./ProblemList";
import { definitionTexts } from "./texts";
import { useCheck, useFile, useFiles, useSchema } from "./useDesk";

const DefinitionEditor = lazy(() => import("./DefinitionEditor"));

/**
 * The files of the workspace: chosen, edited, checked while one types, previewed and published. `task`: whose definition it begins with.
 * `published`: the task as it is, if it is.
 */
export function Desk({ task, published }: { task?: string; published?: Task }) {
  const t = useTexts(definitionTexts);
  const { data, error, refetch } = useFiles();
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <SkeletonRows label={t.loading} />;
  if (data.state !== "READY")
    return (
      <div className="column desk-without">
        <Empty
          icon={data.state === "NO_ROLE" ? Lock : FolderX}
          title={data.state === "NO_FOLDER" ? t.noFolder : data.state === "NO_ROLE" ? t.noLook : t.unreadable}
        >
          {t.reasons[data.why_not] ?? data.why_not}
        </Empty>
        <Commands task={published} isHowTo={data.state === "NO_FOLDER"} />
      </div>
    );
  return <Open task={task} list={data} />;
}

type List = NonNullable<ReturnType<typeof useFiles>["data"]>;

function Open({ task, list }: { task: string | undefined; list: List }) {
  const t = useTexts(definitionTexts);
  const client = useQueryClient();
  const environment = useEnvironment();
  const drafts = useDrafts(useSession().user);
  const [query, change] = useQueryState();
  const [isNew, setNew] = useState(false);
  const [isPreview, setPreview] = useState(() => query.get("preview") !== null);
  const defined = useMemo(() => (task ? definitionOf(list.files, task) : null), [list, task]);
  const [wanted, setWanted] = useState<(Target & { file: string }) | null>(() =>
    defined && !query.has("file") ? { ...defined, column: 1, time: 0 } : null,
  );
  const path = query.get("file") ?? defined?.file ?? [...drafts.keys()][0] ?? list.files[0]?.path ?? "";
  const line = list.files.find((each) => each.path === path);
  const draft = drafts.get(path);
  const { data: file, error, refetch } = useFile(path, line?.etag);
  const schema = useSchema();
  const stamp = list.files.map((each) => each.etag).join();
  const mayCheck = list.read_only === "" || list.files.some((each) => each.read_only === "");
  const check = useCheck(drafts, stamp, mayCheck);
  const findings = check.data?.findings ?? NONE;
  const conflicts = conflictsOf(drafts, list.files);
  const isConflict = conflicts.includes(path);
  const say = (reason: string) => t.reasons[reason] ?? reason;
  const readOnly = say(line ? line.read_only : draft ? "" : list.read_only);
  const text = draft ? draft.text : (file?.text ?? (line ? undefined : ""));
  const own = useMemo(() => findings.filter((each) => each.file === path), [findings, path]);
  const open = (next: string, at: Omit<Target, "time"> | null = null) => {
    setWanted(at && { ...at, file: next, time: Date.now() });
    change({ file: next });
  };
  const refused = mayCheck ? undefined : say(list.read_only);
  const preview = () => {
    if (!refused) setPreview(true);
  };
  useShortcuts(t.title, [{ keys: "Ctrl+s", label: t.preview, run: preview, always: true }]);
  const closePreview = () => {
    setPreview(false);
    if (query.get("preview") !== null) change({ preview: null });
    void client.invalidateQueries({ queryKey: keys.workspace("files") });
  };

  return (
    <div className="desk">
      <FileColumn
        list={list}
        drafts={drafts}
        conflicts={conflicts}
        findings={findings}
        current={path}
        onOpen={(next) => open(next)}
        foot={
          <Button size="small" icon={FilePlus2} reason={say(list.read_only) || undefined} onClick={() => setNew(true)}>
            {t.newFile}
          </Button>
        }
      />
      <section className="desk-main column" aria-label={path || t.files}>
        <div className="desk-head">
          <b className="mono ellipsis" title={path}>
            {path}
          </b>
          {draft && <Tag>{draft.text === null ? t.removed : draft.etag === "" ? t.isNew : t.changed}</Tag>}
          {readOnly && (
            <span className="row gap-1 muted t-12 ellipsis" title={readOnly}>
              <Icon of={Lock} size={12} />
              {t.readOnlyBecause(readOnly)}
            </span>
          )}
          <span className="grow" />
          {draft && (
            <Button kind="ghost" size="small" icon={Undo2} onClick={() => dropDrafts([path])}>
              {draft.text === null ? t.bringBack : t.discard}
            </Button>
          )}
          {line && draft?.text !== null && (
            <IconButton
              icon={Trash2}
              size="small"
              label={t.removeFile}
              reason={readOnly || undefined}
              onClick={() => setDraft(path, { text: null, etag: line.etag })}
            />
          )}
          {environment === "DEV" && (
            <Button
              kind="ghost"
              size="small"
              hint={t.toProductionNote}
              onClick={() => change({ env: null, preview: "1" })}
            >
              {t.toProduction}
            </Button>
          )}
          <Button kind="primary" icon={Eye} reason={refused} onClick={preview}>
            {t.preview} <Keys of="Ctrl S" />
          </Button>
        </div>
        {isConflict && draft && (
          <Conflict path={path} draft={draft} file={file} etag={line?.etag ?? ""} onRead={() => void refetch()} />
        )}
        <Failure error={error} onRetry={() => void refetch()} />
        {path === "" ? (
          <Empty title={t.noFiles} />
        ) : text === null ? (
          <Empty icon={Trash2} title={t.removedNote} />
        ) : text === undefined ? (
          !error && <SkeletonRows label={t.loading} />
        ) : (
          <div className="desk-editor">
            <Suspense fallback={<SkeletonRows rows={3} label={t.loading} />}>
              <DefinitionEditor
                key={path}
                label={t.editor(path)}
                path={path}
                text={text}
                readOnly={readOnly !== ""}
                findings={own}
                schema={schema}
                target={wanted?.file === path ? wanted : null}
                onChange={(next) => setDraft(path, typed(draft, file, next))}
              />
            </Suspense>
          </div>
        )}
        {mayCheck && (
          <ProblemList
            findings={findings}
            isOld={check.isOld}
            error={check.error}
            onOpen={(each) => open(each.file, { line: each.line, column: each.column })}
          />
        )}
      </section>
      {isNew && (
        <NewFile
          taken={[...list.files.map((each) => each.path), ...drafts.keys()]}
          task={task}
          onClose={() => setNew(false)}
          onMake={(next, begin) => {
            setNew(false);
            setDraft(next, { text: begin, etag: "" });
            open(next, { line: 1, column: 1 });
          }}
        />
      )}
      {isPreview && (
        <PlanPanel
          key={environment}
          drafts={drafts}
          stamp={stamp}
          onClose={closePreview}
          onOpen={(each) => {
            closePreview();
            open(each.file, { line: each.line, column: each.column });
          }}
        />
      )}
    </div>
  );
}

const NONE: readonly Finding[] = [];
