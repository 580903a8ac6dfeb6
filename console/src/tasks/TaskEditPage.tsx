import { Copy } from "lucide-react";
import { useEnvironment } from "../app/url";
import { useTexts } from "../texts/texts";
import { IconButton } from "../ui/Button";
import { toast } from "../ui/Toasts";
import { TaskFrame } from "./TaskFrame";
import { taskTexts } from "./texts";
import type { Task } from "./useTask";

export default function TaskEditPage() {
  return <TaskFrame tab="edit">{(task) => <Steps task={task} />}</TaskFrame>;
}

/** Where the definition is changed, and how it gets here. */
function Steps({ task }: { task: Task }) {
  const t = useTexts(taskTexts);
  const environment = useEnvironment().toLowerCase();
  const { name, project } = task.line;
  const steps: [string, string][] = [
    [t.editFind, `grep -rnE "name: *${name}\\b" --include=*.yaml DIR`],
    [t.editChange, "taskhouse validate DIR"],
    [t.editPlan, `taskhouse plan DIR --env ${environment}`],
    [t.editApply, `taskhouse apply DIR --env ${environment}`],
  ];
  return (
    <div className="edit-steps">
      <p>{t.editIntro(`${project}.${name}`)}</p>
      <ol>
        {steps.map(([words, command]) => (
          <li key={command}>
            <span>{words}</span>
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
          </li>
        ))}
      </ol>
      <p className="muted">{t.editApplied}</p>
    </div>
  );
}
