import { useQuery } from "@tanstack/react-query";
import { Crosshair, FileText, SquareDashedMousePointer, Workflow } from "lucide-react";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { inEnvironment, useEnvironment } from "../app/url";
import { operationEntries } from "../instance/operationEntries";
import { instanceMenu } from "../instances/menu";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { MenuAt, type MenuEntry } from "../ui/Menu";
import { drawerTexts } from "./drawerTexts";
import type { Choice } from "./graph";
import type { DagInstance } from "./instanceGraph";
import { useOffers } from "./useOffers";

/** What can be done with an instance of the picture, or with one node of it: the pages and operations of the lists, with what the picture itself can do. */
export function InstanceMenu({
  instance,
  choice,
  at,
  isCentre,
  onChoose,
  onToggle,
  onCentre,
  onClose,
}: {
  instance: DagInstance;
  choice: Choice;
  at: { x: number; y: number };
  isCentre: boolean;
  onChoose: (choice: Choice) => void;
  onToggle: (id: string) => void;
  onCentre: () => void;
  onClose: () => void;
}) {
  const t = useTexts(drawerTexts);
  const language = useLanguage();
  const environment = useEnvironment();
  const line = instance.nodes?.find((node) => String(node.id) === choice.row);
  const offers = useOffers(instance, line);
  const { data: projects } = useQuery({
    queryKey: keys.projects(),
    queryFn: ({ signal }) => api.get("/projects", { signal }),
  });
  const isTable = instance.biz_type === "LOGICAL_TABLE";
  const path = `/instances/${instance.id}/log${line ? `?node=${line.id}` : ""}`;
  const entries: MenuEntry[] = [
    { key: "details", label: t.showDetails, icon: SquareDashedMousePointer, onSelect: () => onChoose(choice) },
    ...(isTable && !line
      ? [
          {
            key: "nodes",
            label: instance.nodes ? t.collapse : t.expand,
            icon: Workflow,
            onSelect: () => onToggle(String(instance.id)),
          },
        ]
      : []),
    ...(isCentre ? [] : [{ key: "centre", label: t.centre, icon: Crosshair, onSelect: onCentre }]),
    { key: "log", label: t.runLogPage, icon: FileText, href: inEnvironment(path, environment), above: true },
    ...operationEntries({
      instance: instance.id,
      fields: line && isTable ? line.fields : [],
      offered: line || !offers?.RERUN ? (offers ?? {}) : { RERUN: offers.RERUN },
      perspective: "DAG",
      language,
    }),
    ...(line
      ? []
      : instanceMenu(
          {
            instance: instance.id,
            name: instance.name,
            task: instance.task,
            type: instance.biz_type,
            mode: projects?.items.find((project) => project.name === instance.project)?.mode,
            environment,
            offers,
            perspective: "DAG",
          },
          language,
        )),
  ];
  return <MenuAt x={at.x} y={at.y} label={t.menuOf(line?.name ?? instance.name)} entries={entries} onClose={onClose} />;
}
