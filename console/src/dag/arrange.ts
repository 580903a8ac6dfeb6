import { useEffect, useMemo, useState } from "react";
import { type Layout, type LayoutInput, layout } from "./layout";

/** Pictures with more nodes than this are laid out by a worker. */
export const WORKER_ABOVE = 2000;

let worker: Worker | null = null;
let last = 0;
const asked = new Map<number, (found: Layout) => void>();

/** Starts the worker, before there is something for it to do. */
export function warm(): Worker {
  if (worker === null) {
    worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", (event: MessageEvent<{ id: number; layout: Layout }>) => {
      asked.get(event.data.id)?.(event.data.layout);
      asked.delete(event.data.id);
    });
  }
  return worker;
}

function inWorker(input: LayoutInput, done: (found: Layout) => void): () => void {
  last += 1;
  const id = last;
  asked.set(id, done);
  warm().postMessage({ id, input });
  return () => asked.delete(id);
}

/** The layout, at once or when the worker has it; until then the one before with the input that it belongs to. null: none yet. */
export function useLayout<Picture extends { input: LayoutInput }>(
  picture: Picture,
): { picture: Picture; layout: Layout } | null {
  const small = picture.input.widths.length <= WORKER_ABOVE;
  const direct = useMemo(() => (small ? { picture, layout: layout(picture.input) } : null), [picture, small]);
  const [late, setLate] = useState<{ picture: Picture; layout: Layout } | null>(null);
  useEffect(() => {
    if (small) {
      setLate(null);
      return;
    }
    return inWorker(picture.input, (found) => setLate({ picture, layout: found })) as () => void;
  }, [picture, small]);
  return direct ?? late;
}
