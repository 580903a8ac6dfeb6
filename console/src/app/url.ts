import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

export type Patch = Record<string, string | readonly string[] | null | undefined>;

/** A query with some values set anew; null, undefined, "" and [] take a name out. */
export function patched(search: string, patch: Patch): string {
  const query = new URLSearchParams(search);
  for (const [name, value] of Object.entries(patch)) {
    query.delete(name);
    for (const each of Array.isArray(value) ? value : [value as string | null | undefined]) {
      if (each !== null && each !== undefined && each !== "") query.append(name, each);
    }
  }
  return query.toString();
}

/** The query of the address as the state of a page. `change` replaces the entry of the history unless `push` is asked for. */
export function useQueryState(): [URLSearchParams, (patch: Patch, options?: { push?: boolean }) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const query = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback(
    (patch: Patch, { push = false } = {}) => {
      const next = patched(window.location.search, patch);
      navigate(next ? `${path}?${next}` : path, { replace: !push });
    },
    [path, navigate],
  );
  return [query, change];
}

export type Environment = "PROD" | "DEV";

/** The environment of the address: `env=dev`, production otherwise. */
export function useEnvironment(): Environment {
  return environmentOf(useSearch());
}

export function environmentOf(search: string): Environment {
  return new URLSearchParams(search).get("env")?.toLowerCase() === "dev" ? "DEV" : "PROD";
}

/** An address of the console within an environment. */
export function inEnvironment(path: string, environment: Environment): string {
  if (environment === "PROD") return path;
  const [bare = "", search = ""] = path.split("?");
  return `${bare}?${patched(search, { env: "dev" })}`;
}
