import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** `j`, `?`, `Shift+x`, `Ctrl+k`; on a Mac Ctrl is Command, too. */
  keys: string;
  label: string;
  run: (event: KeyboardEvent) => void;
  /** Also while a text is typed. */
  always?: boolean;
}

interface Group {
  title: string;
  shortcuts: readonly Shortcut[];
}

let groups: readonly { id: number; group: () => Group; title: string; shown: readonly Shortcut[] }[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: typeof groups): void {
  groups = next;
  for (const listener of listeners) listener();
}

/** The name of a pressed key, as shortcuts are written. */
export function pressed(event: {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letter = /^[a-z0-9]$/.test(key) || event.key.length > 1;
  return [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    event.shiftKey && letter ? "Shift+" : "",
    key,
  ].join("");
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(target.type);
}

/** Enter and Space belong to the button, the link or the field that has the focus. */
function isPressing(event: KeyboardEvent): boolean {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const pressed = plain && (event.key === "Enter" || event.key === " ");
  return (
    pressed && event.target instanceof Element && event.target.closest("a, button, summary, input, select") !== null
  );
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isPressing(event)) return;
  const typing = isTyping(event.target);
  // A dialog or menu in front has its own keys.
  const covered =
    event.target instanceof Element && event.target.closest("[role=dialog], [role=menu], [role=alertdialog]") !== null;
  const keys = pressed(event);
  for (const { group } of [...groups].reverse()) {
    for (const shortcut of group().shortcuts) {
      if (shortcut.keys.toLowerCase() !== keys.toLowerCase()) continue;
      if ((typing || covered) && !shortcut.always) continue;
      event.preventDefault();
      shortcut.run(event);
      return;
    }
  }
}

globalThis.window?.addEventListener("keydown", onKeyDown);

/** Keys of a page or a part of it, while it is there. They are listed by `?`. Later ones win. */
export function useShortcuts(title: string, shortcuts: readonly Shortcut[]): void {
  const now = useRef<Group>({ title, shortcuts });
  now.current = { title, shortcuts };
  const shape = shortcuts.map((each) => `${each.keys}\0${each.label}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: what they do is read when a key is pressed
  useEffect(() => {
    last += 1;
    const id = last;
    change([...groups, { id, group: () => now.current, title, shown: shortcuts }]);
    return () => change(groups.filter((each) => each.id !== id));
  }, [title, shape]);
}

/** Everything that keys do at the moment. */
export function useAllShortcuts(): readonly { id: number; title: string; shown: readonly Shortcut[] }[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => groups,
  );
}
