import { type LayoutInput, layout } from "./layout";

/** Lays out large pictures beside the page, which goes on answering. */
self.addEventListener("message", (event: MessageEvent<{ id: number; input: LayoutInput }>) => {
  const { id, input } = event.data;
  self.postMessage({ id, layout: layout(input) });
});
