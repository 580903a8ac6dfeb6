import { Copy } from "lucide-react";
import { useEnvironment } from "../app/url";
import { taskTexts } from "../tasks/texts";
import type { Task } from "../tasks/useTask";
import { useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { toast } from "../ui/Toasts";
import { definitionTexts } from "./texts";

/** Where a task was defined, and how definitions are changed where the server does not have them. */
export function Commands({ task, isHowTo }: { task?: Task; isHowTo: boolean }) {
  const t = useTexts(taskTexts);
  const own = useTexts(definitionTexts);
  const environment = useEnvironment().toLowerCase();
  const steps: [string, string][] = [
    ...(task && !task.defined_at
      ? ([[t.editFind, `grep -rnE "name: *${task.line.name}\\b" --include=*.yaml DIR`]] as [string, string][])
      : []),
    [t.editChange, "taskhouse validate DIR"],
    [t.editPlan, `taskhouse plan DIR --env ${environment}`],
    [t.editApply, `taskhouse apply DIR --env ${environment}`],
  ];
  return (
    <div className="edit-steps">
      {isHowTo && <p>{t.editIntro(task?.line.id ?? "")}</p>}
      {task?.defined_at && (
        <p>
          {own.recordedAt(task.line.version)} <code className="mono">{task.defined_at}</code>
        </p>
      )}
      {isHowTo && (
        <>
          <ol>
            {steps.map(([words, command]) => (
              <Step key={command} words={words} command={command} />
            ))}
          </ol>
          <p>{own.noFolderHow}</p>
          <Step command="taskhouse serve --workspace DIR" />
        </>
      )}
    </div>
  );
}

function Step({ words, command }: { words?: string; command: string }) {
  const t = useTexts(taskTexts);
  const line = (
    <span className="command">
      <code>{command}</code>
      <IconButton
        icon={Copy}
        size="small"
        label={t.copy}
        onClick={() => {
          void navigator.clipboard?.writeText(command).then(() => toast({ text: t.copied }));
        }}
      />
    </span>
  );
  if (!words) return line;
  return (
    <li>
      <span>{words}</span>
      {line}
    </li>
  );
}
