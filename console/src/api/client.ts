/** The REST API, typed by the document that the server publishes: paths, their values, bodies and replies. */
import type { components, paths } from "./schema";

export const BASE = "/api/v1";

export type Schemas = components["schemas"];

type Method = "get" | "post" | "put" | "delete";
type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P][M] extends infer O extends { responses: unknown }
  ? O
  : never;
type Values<O, Where extends "path" | "query"> = O extends { parameters: infer Q }
  ? Where extends keyof Q
    ? Exclude<Q[Where], undefined>
    : never
  : never;
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type ReplyOf<O> = O extends { responses: infer R }
  ? {
      [S in keyof R]: S extends 200 | 201 | 202
        ? R[S] extends { content: { "application/json": infer B } }
          ? B
          : undefined
        : never;
    }[keyof R]
  : never;

export type Reply<P extends PathsWith<M>, M extends Method = "get"> = ReplyOf<Operation<P, M>>;
export type Query<P extends PathsWith<M>, M extends Method = "get"> = Values<Operation<P, M>, "query">;
export type Body<P extends PathsWith<M>, M extends Method = "post"> = BodyOf<Operation<P, M>>;

interface Options<P extends PathsWith<M>, M extends Method> {
  path?: Values<Operation<P, M>, "path">;
  query?: Query<P, M>;
  signal?: AbortSignal;
}

interface WriteOptions<P extends PathsWith<M>, M extends Method> extends Options<P, M> {
  /** The same key sent again is answered from the first time. */
  idempotencyKey?: string;
}

export interface ErrorItem {
  id: number;
  name: string;
  status: string;
  reason: string;
}

/** An answer that is an error, or none at all: `status` 0, code `UNREACHABLE`. */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly items: readonly ErrorItem[] = [],
    /** Seconds after which it may be tried again. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

let csrf = "";
let csrfUser = "";
let onSignedOut: () => void = () => {};

/** The token that requests which change something must carry, of the present session, and whose session it is. */
export function setCsrf(token: string, user: string): void {
  csrf = token;
  csrfUser = user;
}

/** Another tab began a session anew for the same user: its token is taken over. False when nobody, or somebody else, is signed in now. */
async function renewCsrf(): Promise<boolean> {
  const user = csrfUser;
  const session = (await send("GET", `${BASE}/session`, undefined)) as Schemas["SessionView"] | undefined;
  if (session === undefined || session.user !== user) {
    onSignedOut();
    return false;
  }
  setCsrf(session.csrf_token, session.user);
  return true;
}

/** Called when the server does not know the session any more. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

type Plain = string | number | boolean | null | undefined;

/** The address of a path, also for links that download. Empty values are left out; lists repeat their name. */
export function address<P extends PathsWith<"get">>(path: P, { path: places, query }: Options<P, "get"> = {}): string {
  return (
    BASE + filled(path as string, places as Record<string, Plain>) + search(query as Record<string, Plain | Plain[]>)
  );
}

export function filled(path: string, places: Record<string, Plain> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(places[name])));
}

export function search(query: Record<string, Plain | readonly Plain[]> = {}): string {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") found.append(name, String(each));
    }
  }
  const text = found.toString();
  return text ? `?${text}` : "";
}

async function send(method: string, url: string, body: unknown, signal?: AbortSignal, key?: string): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET" && csrf) headers["x-csrf-token"] = csrf;
  if (key) headers["idempotency-key"] = key;
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "same-origin",
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "UNREACHABLE", "the server does not answer");
  }
  if (response.ok) return response.status === 204 ? undefined : readReply(response);
  const failure = await readError(response);
  if (response.status === 401) onSignedOut();
  throw failure;
}

async function readReply(response: Response): Promise<unknown> {
  const type = response.headers.get("content-type") ?? "";
  return type.startsWith("application/json") ? response.json() : response.text();
}

async function readError(response: Response): Promise<ApiError> {
  const after = Number(response.headers.get("retry-after"));
  const retryAfter = Number.isFinite(after) && after > 0 ? after : null;
  try {
    const body = (await response.json()) as Schemas["ErrorBody"];
    return new ApiError(response.status, body.code, body.message, (body.items ?? []) as ErrorItem[], retryAfter);
  } catch {
    return new ApiError(
      response.status,
      `HTTP_${response.status}`,
      response.statusText || `status ${response.status}`,
      [],
      retryAfter,
    );
  }
}

export const api = {
  get: <P extends PathsWith<"get">>(path: P, options: Options<P, "get"> = {}) =>
    send("GET", address(path, options), undefined, options.signal) as Promise<Reply<P, "get">>,
  post: <P extends PathsWith<"post">>(path: P, body: Body<P, "post">, options: WriteOptions<P, "post"> = {}) =>
    write("POST", path, body, options) as Promise<Reply<P, "post">>,
  put: <P extends PathsWith<"put">>(path: P, body: Body<P, "put">, options: WriteOptions<P, "put"> = {}) =>
    write("PUT", path, body, options) as Promise<Reply<P, "put">>,
  delete: <P extends PathsWith<"delete">>(path: P, options: WriteOptions<P, "delete"> = {}) =>
    write("DELETE", path, undefined, options) as Promise<Reply<P, "delete">>,
};

function write(
  method: string,
  path: unknown,
  body: unknown,
  options: { path?: unknown; query?: unknown; signal?: AbortSignal; idempotencyKey?: string },
): Promise<unknown> {
  const url =
    BASE +
    filled(path as string, options.path as Record<string, Plain>) +
    search(options.query as Record<string, Plain>);
  const once = () => send(method, url, body, options.signal, options.idempotencyKey);
  return once().catch(async (error: unknown) => {
    if (error instanceof ApiError && error.code === "CSRF" && csrf !== "" && (await renewCsrf())) return once();
    throw error;
  });
}
