/** The sign-in page, which knows where to go on. */
export function signInPath(path: string, search: string): string {
  const here = search ? `${path}?${search}` : path;
  return here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(here)}`;
}

/** Only addresses within the console are gone to after signing in. */
export function safe(next: string | null): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/";
}

/** One object exists in one environment: from its page the switch of environments leads to the list. */
export function pathIn(path: string): string {
  const [, room = "", object] = path.split("/");
  return object === undefined ? path : `/${room}`;
}
