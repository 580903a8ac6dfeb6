import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, type Schemas } from "../api/client";
import { keys } from "../api/keys";

export type TableLine = Schemas["TableLine"];
export type TableView = Schemas["TableView"];
export type FunctionLine = Schemas["FunctionLine"];

const FRESH_MS = 60_000;
const MOST = 200;
export const DEFAULT_SCHEMA = "default";

/** A table of the warehouse, as SQL names it: within a project, and there within a schema. */
export interface Place {
  project: string;
  schema: string;
  name: string;
}

function tableOptions({ project, schema, name: table }: Place) {
  return {
    queryKey: keys.warehouse(project, "table", schema, table),
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.get("/warehouse/{project}/tables/{table}", { path: { project, table }, query: { schema }, signal }),
    staleTime: FRESH_MS,
    retry: false,
  };
}

export function useTable(place: Place) {
  return useQuery(tableOptions(place));
}

export function useTables(project: string, schema: string, q: string) {
  return useInfiniteQuery({
    queryKey: keys.warehouse(project, "tables", schema, q),
    queryFn: ({ signal, pageParam }) =>
      api.get("/warehouse/{project}/tables", {
        path: { project },
        query: { schema, q, limit: MOST, marker: pageParam },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_marker || undefined,
    enabled: project !== "",
    staleTime: FRESH_MS,
    placeholderData: (before) => before,
  });
}

export function usePartitions({ project, schema, name: table }: Place) {
  return useInfiniteQuery({
    queryKey: keys.warehouse(project, "partitions", schema, table),
    queryFn: ({ signal, pageParam }) =>
      api.get("/warehouse/{project}/tables/{table}/partitions", {
        path: { project, table },
        query: { schema, marker: pageParam },
        signal,
      }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_marker || undefined,
    staleTime: FRESH_MS,
  });
}

function schemasOptions(project: string) {
  return {
    queryKey: keys.warehouse(project, "schemas"),
    queryFn: () => api.get("/warehouse/{project}/schemas", { path: { project } }),
    staleTime: FRESH_MS,
  };
}

export function useSchemas(project: string) {
  return useQuery({ ...schemasOptions(project), enabled: project !== "" });
}

/** What can be said where the cursor stands, asked of the server as it is needed. Nothing is found where the server refuses. */
export interface Names {
  project: string;
  projects: readonly string[];
  tables: (project: string, schema: string, part: string) => Promise<readonly TableLine[]>;
  schemas: (project: string) => Promise<readonly string[]>;
  /** Only for one that is listed: others would be refused. */
  table: (place: Place) => Promise<TableView | null>;
  functions: () => Promise<readonly FunctionLine[]>;
}

export function namesOf(client: QueryClient, project: string, projects: readonly string[]): Names {
  return {
    project,
    projects,
    tables: (of, schema, q) =>
      client
        .fetchQuery({
          queryKey: keys.warehouse(of, "names", schema, q),
          queryFn: () =>
            api.get("/warehouse/{project}/tables", { path: { project: of }, query: { schema, q, limit: MOST } }),
          staleTime: FRESH_MS,
          retry: false,
        })
        .then(
          (page) => page.items,
          () => [],
        ),
    schemas: (of) =>
      client.fetchQuery(schemasOptions(of)).then(
        (found) => found.items,
        () => [],
      ),
    table: (place) => client.fetchQuery(tableOptions(place)).catch(() => null),
    functions: () =>
      client
        .fetchQuery({
          queryKey: keys.warehouse("", "functions"),
          queryFn: () => api.get("/warehouse/functions"),
          staleTime: Number.POSITIVE_INFINITY,
        })
        .then(
          (found) => found.items,
          () => [],
        ),
  };
}

/** As SQL takes it: quoted when it is no plain word. */
export function quoted(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}

/** A table as SQL in its own project names it. */
export function spoken(place: { schema: string; name: string }): string {
  return place.schema === DEFAULT_SCHEMA ? quoted(place.name) : `${quoted(place.schema)}.${quoted(place.name)}`;
}
