import { Dialog as Base } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { KeyRound, Search, TableProperties } from "lucide-react";
import { type ReactNode, useDeferredValue, useEffect, useId, useState } from "react";
import { useLocation } from "wouter";
import { api } from "../api/client";
import { keys } from "../api/keys";
import { KindIcon } from "../status/kinds";
import { bizdate } from "../texts/format";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { useNavigation } from "./Shell";
import { appTexts } from "./texts";
import { inEnvironment, useEnvironment } from "./url";

/** Reached through the account otherwise. */
const PASSWORD = "/account/password";

interface Place {
  to: string;
  group: string;
  label: string;
  note?: string;
  icon: ReactNode;
}

/** Leads to pages, and to instances and tasks by their names or ids. */
export function GoTo({ onClose }: { onClose: () => void }) {
  const t = useTexts(appTexts);
  const id = useId();
  const environment = useEnvironment();
  const [, navigate] = useLocation();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const wanted = useDeferredValue(text.trim());
  const places = usePlaces(wanted);
  const chosen = Math.min(at, places.length - 1);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text begins at the top
  useEffect(() => setAt(0), [wanted]);
  useEffect(() => document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: "nearest" }), [id, chosen]);

  function go(place: Place | undefined) {
    if (!place) return;
    onClose();
    navigate(inEnvironment(place.to, environment));
  }

  return (
    <Base.Root open onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="scrim" />
        <Base.Popup className="dialog goto" aria-label={t.goTo}>
          <div className="row gap-2 goto-field">
            <Icon of={Search} />
            <input
              role="combobox"
              aria-expanded="true"
              aria-controls={`${id}-list`}
              aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
              aria-label={t.goToPlaceholder}
              placeholder={t.goToPlaceholder}
              spellCheck={false}
              autoComplete="off"
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                if (event.nativeEvent.isComposing) return;
                if (event.key === "ArrowDown") setAt(Math.min(places.length - 1, chosen + 1));
                else if (event.key === "ArrowUp") setAt(Math.max(0, chosen - 1));
                else if (event.key === "Enter") go(places[chosen]);
                else return;
                event.preventDefault();
              }}
            />
          </div>
          <div id={`${id}-list`} role="listbox" aria-label={t.goTo} className="goto-list">
            {places.map((place, index) => (
              <div key={`${place.to} ${place.label}`} role="presentation">
                {place.group !== places[index - 1]?.group && (
                  <div className="menu-label" role="presentation">
                    {place.group}
                  </div>
                )}
                {/* biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field */}
                {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the field */}
                <div
                  id={`${id}-${index}`}
                  role="option"
                  aria-selected={index === chosen}
                  className="menu-item"
                  data-highlighted={index === chosen || undefined}
                  onMouseMove={() => setAt(index)}
                  onClick={() => go(place)}
                >
                  {place.icon}
                  <span className="ellipsis">{place.label}</span>
                  {place.note && <span className="hint">{place.note}</span>}
                </div>
              </div>
            ))}
          </div>
          {places.length === 0 && <p className="muted goto-none">{t.nothing(wanted)}</p>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function usePlaces(wanted: string): Place[] {
  const t = useTexts(appTexts);
  const environment = useEnvironment();
  const asks = wanted.length > 0;
  const pages = [
    ...useNavigation(),
    { title: "", entries: [{ to: PASSWORD, label: t.changePassword, icon: KeyRound }] },
  ]
    .flatMap((section) => section.entries)
    .filter((entry) => entry.label.toLowerCase().includes(wanted.toLowerCase()))
    .map((entry) => ({ to: entry.to, group: t.pages, label: entry.label, icon: <Icon of={entry.icon} size={14} /> }));
  const instances = useQuery({
    queryKey: keys.instances("go-to", environment, wanted),
    queryFn: ({ signal }) =>
      api.get("/instances", { query: { environment, search: wanted, limit: 8, sort: "due", order: "desc" }, signal }),
    enabled: asks,
    placeholderData: (before) => before,
  });
  const tasks = useQuery({
    queryKey: keys.tasks("go-to", environment, wanted),
    queryFn: ({ signal }) => api.get("/tasks", { query: { environment, search: wanted, limit: 5 }, signal }),
    enabled: asks,
    placeholderData: (before) => before,
  });
  if (!asks) return pages;
  return [
    ...pages,
    ...(instances.data?.items ?? []).map((each) => ({
      to: `/instances/${each.id}`,
      group: t.instances,
      label: each.name,
      note: `${each.id} · ${t.dataDate(bizdate(each.bizdate))}`,
      icon: <KindIcon kind={each.kind} />,
    })),
    ...(tasks.data?.items ?? []).map((each) => ({
      to: `/tasks/${encodeURIComponent(each.id)}`,
      group: t.tasks,
      label: each.name,
      note: each.project,
      icon: <Icon of={TableProperties} size={14} />,
    })),
  ];
}
