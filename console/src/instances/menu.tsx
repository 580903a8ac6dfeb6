import {
  ChartGantt,
  Code,
  Download,
  GitBranch,
  GitFork,
  History,
  ListChecks,
  PencilLine,
  Repeat,
  ScanSearch,
  Stethoscope,
  Zap,
} from "lucide-react";
import type { Schemas } from "../api/client";
import type { Environment } from "../app/url";
import { inEnvironment } from "../app/url";
import { OPERATION_ICONS } from "../operation/icons";
import { operationNames, reasonText } from "../operation/names";
import { type OperationName, openOperation, type Perspective } from "../operation/open";
import type { Language } from "../texts/language";
import type { MenuEntry } from "../ui/Menu";
import { openNeighbours } from "./neighbours";
import { instanceTexts } from "./texts";

export type Offers = Readonly<Record<string, Schemas["OfferView"]>>;

export interface MenuOf {
  instance: number;
  name: string;
  task: string;
  /** LOGICAL_TABLE or SCRIPT. */
  type: string;
  /** BASIC or DEV_PROD; undefined while it is not known. */
  mode: string | undefined;
  environment: Environment;
  /** What the server offers; undefined while it is not known: the panel then says why not. */
  offers: Offers | undefined;
  perspective: Perspective;
}

/** Every operation on an instance but DAG, run log and rerun, in their order and with their names. */
export function instanceMenu(of: MenuOf, language: Language): MenuEntry[] {
  const t = instanceTexts[language];
  const names = operationNames[language];
  const isScript = of.type === "SCRIPT";
  const at = (path: string) => inEnvironment(`/instances/${of.instance}${path}`, of.environment);
  const task = `/tasks/${encodeURIComponent(of.task)}`;
  const operation = (name: OperationName): MenuEntry => {
    const offer = of.offers?.[name];
    return {
      key: name,
      label: names[name],
      icon: OPERATION_ICONS[name],
      reason: offer && !offer.open ? reasonText(language, offer.code ?? "", offer.reason ?? "") : undefined,
      onSelect: () =>
        openOperation({ operation: name, targets: [{ instance: of.instance }], perspective: of.perspective }),
    };
  };
  const entries: MenuEntry[] = [
    { key: "gantt", label: t.gantt, icon: ChartGantt, href: at("/gantt") },
    {
      key: "neighbours",
      label: t.neighbours,
      icon: Download,
      onSelect: () => openNeighbours({ instance: of.instance, name: of.name }),
    },
  ];
  if (isScript) entries.push({ key: "code", label: t.scriptCode, icon: Code, href: at("/code") });
  else
    entries.push(
      { key: "fields", label: t.fieldsPage, icon: ListChecks, href: at("") },
      { key: "production", label: t.production, icon: GitBranch, href: at("/lineage?side=production") },
      { key: "consumption", label: t.consumption, icon: GitFork, href: at("/lineage?side=consumption") },
      { key: "code", label: t.code, icon: Code, href: at("/code") },
    );
  entries.push(
    { key: "task", label: t.task, icon: Repeat, href: inEnvironment(task, of.environment), above: true },
    {
      key: "editDevelopment",
      label: t.editDevelopment,
      icon: PencilLine,
      href: inEnvironment(`${task}/edit`, "DEV"),
      reason: of.mode === "BASIC" ? t.devProdOnly : isScript ? undefined : t.ofScripts,
    },
    {
      key: "viewProduction",
      label: t.viewProduction,
      icon: ScanSearch,
      href: inEnvironment(task, "PROD"),
      reason: of.mode === "BASIC" ? t.devProdOnly : undefined,
    },
    {
      key: "editNode",
      label: t.editNode,
      icon: PencilLine,
      href: `${task}/edit`,
      reason: of.mode === "DEV_PROD" ? t.basicOnly : isScript ? undefined : t.ofScripts,
    },
    { ...operation("RERUN_DOWNSTREAM"), above: true },
    operation("SET_SUCCESS"),
    operation("STOP"),
    {
      key: "forced",
      label: t.forced,
      icon: Zap,
      entries: [operation("FORCE_RERUN_CURRENT"), operation("FORCE_RERUN_DOWNSTREAM")],
    },
    operation("REMOVE_UPSTREAM"),
    operation("PAUSE"),
    operation("RESUME"),
    operation("MODIFY_PRIORITY"),
    { key: "diagnosis", label: t.diagnosis, icon: Stethoscope, href: at("/diagnosis"), above: true },
    { key: "operations", label: t.operationLog, icon: History, href: at("/operations") },
  );
  return entries;
}
