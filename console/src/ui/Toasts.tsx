import { X } from "lucide-react";
import { type ReactNode, useEffect, useSyncExternalStore } from "react";
import { IconButton } from "./Button";

export interface Toast {
  text: ReactNode;
  /** A status glyph. */
  glyph?: ReactNode;
  link?: ReactNode;
}

const STAY_MS = 6000;
let shown: readonly (Toast & { id: number })[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: typeof shown): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Says at the bottom left what was accepted, for six seconds. Never for errors that need action. */
export function toast(what: Toast): void {
  last += 1;
  change([...shown.slice(-3), { ...what, id: last }]);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts({ label, close }: { label: string; close: string }) {
  const toasts = useSyncExternalStore(subscribe, () => shown);
  return (
    <section className="toasts" aria-label={label} aria-live="polite">
      {toasts.map((each) => (
        <Shown
          key={each.id}
          toast={each}
          close={close}
          onEnd={() => change(shown.filter((other) => other.id !== each.id))}
        />
      ))}
    </section>
  );
}

function Shown({ toast: what, close, onEnd }: { toast: Toast; close: string; onEnd: () => void }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the time begins when it appears
  useEffect(() => {
    const timer = setTimeout(onEnd, STAY_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="toast">
      {what.glyph}
      <span className="grow">{what.text}</span>
      {what.link}
      <IconButton icon={X} size="small" label={close} onClick={onEnd} />
    </div>
  );
}
