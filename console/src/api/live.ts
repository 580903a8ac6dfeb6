/** The stream of changes: one connection for the whole console. What it tells makes answers that were kept be read anew. */
import type { QueryClient } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";
import { address } from "./client";

/** `live`: changes arrive. `connecting`: not yet, or again. `behind`: cut off for some time; what is shown may be old. */
export type LiveState = "connecting" | "live" | "behind";

/** What an event `changes` says. */
export interface Change {
  cursor: number;
  environment: "PROD" | "DEV";
  nodes: {
    id: number;
    name: string;
    instances: number[];
    status: string;
    label: string;
    paused: boolean;
    attempt: number;
    run: number;
  }[];
  instances: number[];
  generated: string[];
}

export type Kept = readonly unknown[];

/** Whether an answer kept under `key` is about something that changed. */
export function concerns(key: Kept, instances: ReadonlySet<number>, nodes: ReadonlySet<number>): boolean {
  if (key[0] === "instance") return instances.has(key[1] as number);
  if (key[0] === "node") return nodes.has(key[1] as number);
  return key[0] === "instances" || key[0] === "around" || paced(key);
}

/** Pages that follow the stream at a pace of their own while they are shown; what is kept of them is old all the same. */
function paced(key: Kept): boolean {
  return key[0] === "dag" || key[0] === "overview";
}

/** Pause before the next try (ms): doubles from half a second to half a minute. */
export function pauseBefore(attempt: number): number {
  return Math.min(30_000, 500 * 2 ** attempt);
}

/** Changes within this time are read in one go (ms). */
const GATHER_MS = 300;
/** After a reading it rests for three times as long as that took, and not longer than this (ms): answers that take their time arrive, however much changes. */
const REST_MS = 5000;
const BEHIND_MS = 4000;
const HIDDEN_MS = 20_000;

type Listener = (change: Change) => void;

class Live {
  state: LiveState = "connecting";
  private client: QueryClient | null = null;
  private source: EventSource | null = null;
  private cursor: number | null = null;
  private attempt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private late: ReturnType<typeof setTimeout> | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private gather: ReturnType<typeof setTimeout> | undefined;
  /** Whether something changed since the last reading began. */
  private waits = false;
  private instances = new Set<number>();
  private nodes = new Set<number>();
  private readonly watchers = new Set<() => void>();
  private readonly listeners = new Set<Listener>();

  begin(client: QueryClient): void {
    this.client = client;
    document.addEventListener("visibilitychange", this.rest);
    this.open();
  }

  end(): void {
    document.removeEventListener("visibilitychange", this.rest);
    clearTimeout(this.resting);
    clearTimeout(this.retry);
    clearTimeout(this.late);
    clearTimeout(this.gather);
    this.gather = undefined;
    this.source?.close();
    this.source = null;
    this.cursor = null;
    this.attempt = 0;
    this.turn("connecting");
  }

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A page that nobody looks at gives its connection back: browsers have few for one server. It catches up when it is looked at again. */
  private rest = (): void => {
    clearTimeout(this.resting);
    if (document.hidden)
      this.resting = setTimeout(() => {
        clearTimeout(this.retry);
        clearTimeout(this.late);
        this.late = undefined;
        this.source?.close();
        this.source = null;
      }, HIDDEN_MS);
    else if (this.source === null) this.open();
  };

  private turn(state: LiveState): void {
    if (state === this.state) return;
    this.state = state;
    for (const watcher of this.watchers) watcher();
  }

  private open(): void {
    this.source?.close();
    const source = new EventSource(address("/events", { query: { since: this.cursor } }));
    this.source = source;
    source.addEventListener("hello", (event) => {
      // What happened before a first connection that was long in coming, nobody tells.
      if (this.cursor === null && this.late !== undefined) void this.client?.invalidateQueries();
      this.cursor = (JSON.parse((event as MessageEvent<string>).data) as { cursor: number }).cursor;
      this.reached();
    });
    source.addEventListener("reset", (event) => {
      this.cursor = (JSON.parse((event as MessageEvent<string>).data) as { cursor: number }).cursor;
      this.reached();
      void this.client?.invalidateQueries();
    });
    source.addEventListener("changes", (event) =>
      this.took(JSON.parse((event as MessageEvent<string>).data) as Change),
    );
    source.onerror = () => {
      this.late ??= setTimeout(() => this.turn("behind"), BEHIND_MS);
      if (this.state === "live") this.turn("connecting");
      // A stream that the server refused is closed for good; one that broke, the browser resumes by itself with Last-Event-ID.
      if (source.readyState !== EventSource.CLOSED || this.source !== source) return;
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.open(), pauseBefore(this.attempt));
      this.attempt += 1;
      void this.client?.invalidateQueries({ queryKey: ["session"] });
    };
  }

  private reached(): void {
    this.attempt = 0;
    clearTimeout(this.late);
    this.late = undefined;
    this.turn("live");
  }

  private took(change: Change): void {
    this.cursor = change.cursor;
    for (const id of change.instances) this.instances.add(id);
    for (const node of change.nodes) {
      this.nodes.add(node.id);
      for (const id of node.instances) this.instances.add(id);
    }
    for (const listener of this.listeners) listener(change);
    this.later();
  }

  private later(): void {
    this.waits = this.gather !== undefined;
    this.gather ??= setTimeout(() => void this.renew(), GATHER_MS);
  }

  private async renew(): Promise<void> {
    const { instances, nodes, gather } = this;
    this.instances = new Set();
    this.nodes = new Set();
    this.waits = false;
    const began = performance.now();
    const old = (key: Kept) => concerns(key, instances, nodes);
    void this.client?.invalidateQueries({
      predicate: ({ queryKey: key }) => paced(key) && old(key),
      refetchType: "none",
    });
    await this.client?.invalidateQueries({ predicate: ({ queryKey: key }) => !paced(key) && old(key) });
    if (this.gather !== gather) return;
    const rest = Math.min(REST_MS, 3 * (performance.now() - began));
    this.gather = setTimeout(() => {
      this.gather = undefined;
      if (this.waits) this.later();
    }, rest);
  }
}

export const live = new Live();

export function useLive(): LiveState {
  return useSyncExternalStore(live.subscribe, () => live.state);
}

/** Called with every change while the component is there. */
export function useChanges(listener: Listener): void {
  useEffect(() => live.listen(listener), [listener]);
}
