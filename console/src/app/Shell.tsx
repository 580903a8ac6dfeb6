import {
  FilePenLine,
  LayoutGrid,
  ListTree,
  type LucideIcon,
  Repeat,
  Search,
  SquareTerminal,
  TableProperties,
  Workflow,
} from "lucide-react";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { useTexts } from "../texts/texts";
import { Segmented } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Key } from "../ui/pieces";
import { Tooltip } from "../ui/Tooltip";
import { Account } from "./Account";
import { GoTo } from "./GoTo";
import { LiveState } from "./LiveState";
import { CrumbPlace } from "./Page";
import { pathIn } from "./paths";
import { ShortcutsHelp } from "./ShortcutsHelp";
import { useShortcuts } from "./shortcuts";
import { appTexts } from "./texts";
import { type Environment, inEnvironment, useEnvironment } from "./url";

interface Entry {
  to: string;
  label: string;
  icon: LucideIcon;
}

/** The sections of the navigation, with the pages that exist. */
export function useNavigation(): { title: string; entries: Entry[] }[] {
  const t = useTexts(appTexts);
  return [
    { title: "", entries: [{ to: "/", label: t.overview, icon: LayoutGrid }] },
    { title: t.instances, entries: [{ to: "/instances", label: t.recurring, icon: Repeat }] },
    {
      title: t.tasks,
      entries: [
        { to: "/tasks", label: t.recurringTasks, icon: TableProperties },
        { to: "/task-dag", label: t.taskDag, icon: Workflow },
        { to: "/definitions", label: t.definitions, icon: FilePenLine },
      ],
    },
    {
      title: t.sql,
      entries: [
        { to: "/worksheet", label: t.worksheet, icon: SquareTerminal },
        { to: "/runs", label: t.runs, icon: ListTree },
      ],
    },
  ];
}

/** Navigation, top bar, and the page between them. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useTexts(appTexts);
  const [place, setPlace] = useState<HTMLElement | null>(null);
  const [going, setGoing] = useState(false);
  const [helping, setHelping] = useState(false);
  useShortcuts(t.everywhere, [
    { keys: "Ctrl+k", label: t.goTo, run: () => setGoing(true), always: true },
    { keys: "?", label: t.showShortcuts, run: () => setHelping(true) },
  ]);
  return (
    <CrumbPlace value={place}>
      <div className="app">
        <a className="skip button" href="#content">
          {t.skip}
        </a>
        <nav className="nav" aria-label={t.main}>
          <Link href="/" className="brand" aria-label="Taskhouse">
            <House />
            <span>Taskhouse</span>
          </Link>
          <button type="button" className="find" onClick={() => setGoing(true)} aria-label={`${t.goTo}, Ctrl K`}>
            <Icon of={Search} size={14} />
            <span>{t.goTo}</span> <Key>Ctrl K</Key>
          </button>
          <Sections />
          <Account onShortcuts={() => setHelping(true)} />
        </nav>
        <div className="main">
          <header className="top">
            <div className="crumbs" ref={setPlace} />
            <span className="grow" />
            <LiveState />
            <EnvironmentSwitch />
          </header>
          <main id="content" className="content column" tabIndex={-1}>
            {children}
          </main>
        </div>
      </div>
      {going && <GoTo onClose={() => setGoing(false)} />}
      <ShortcutsHelp open={helping} onClose={() => setHelping(false)} />
    </CrumbPlace>
  );
}

function Sections() {
  const [path] = useLocation();
  const environment = useEnvironment();
  return useNavigation().map((section) => (
    <section key={section.title} aria-label={section.title || undefined}>
      {section.title && <h2>{section.title}</h2>}
      <ul>
        {section.entries.map((entry) => {
          const here = entry.to === "/" ? path === "/" : path === entry.to || path.startsWith(`${entry.to}/`);
          return (
            <li key={entry.to}>
              <Tooltip content={entry.label} side="right" className="rail-only">
                <Link href={inEnvironment(entry.to, environment)} aria-current={here ? "page" : undefined}>
                  <Icon of={entry.icon} />
                  <span>{entry.label}</span>
                </Link>
              </Tooltip>
            </li>
          );
        })}
      </ul>
    </section>
  ));
}

function EnvironmentSwitch() {
  const t = useTexts(appTexts);
  const environment = useEnvironment();
  const [path, navigate] = useLocation();
  return (
    <Segmented<Environment>
      label={t.environment}
      value={environment}
      options={[
        { value: "PROD", label: t.prod },
        { value: "DEV", label: t.dev },
      ]}
      onChange={(next) => {
        if (next !== environment) navigate(inEnvironment(pathIn(path), next));
      }}
    />
  );
}

function House() {
  return (
    <svg
      viewBox="0 0 16 16"
      width="18"
      height="18"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M2.5 7.2 8 2.6l5.5 4.6" />
      <path d="M4 6.2v7h8v-7" />
      <path d="M6.2 10.2h3.6M6.2 8h3.6" />
    </svg>
  );
}
