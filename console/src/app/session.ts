import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect } from "react";
import { api, type Schemas, setCsrf, whenSignedOut } from "../api/client";
import { setServerTime } from "./serverTime";

export type Session = Schemas["SessionView"];
export const SESSION = ["session"] as const;

/** Who is signed in. null: nobody. undefined: not known yet. An error when the server cannot be asked. */
export function useSessionQuery() {
  const client = useQueryClient();
  useEffect(() => {
    whenSignedOut(() => {
      if (client.getQueryData(SESSION) !== null) client.setQueryData(SESSION, null);
    });
  }, [client]);
  return useQuery({
    queryKey: SESSION,
    queryFn: async ({ signal }): Promise<Session | null> => {
      const session = (await api.get("/session", { signal })) as Session | undefined;
      setCsrf(session?.csrf_token ?? "", session?.user ?? "");
      if (session) setServerTime(session.now, session.rehearsal);
      return session ?? null;
    },
    staleTime: 60_000,
    // In a rehearsal the time is set by somebody, and nothing tells of it.
    refetchInterval: (query) => (query.state.data?.rehearsal ? 5_000 : 300_000),
  });
}

/** The session that the pages below are shown in. */
export const SessionPlace = createContext<Session | null>(null);

/** The session of pages that only a user sees. */
export function useSession(): Session {
  const session = useContext(SessionPlace);
  if (!session) throw new Error("there is no session");
  return session;
}

/** Time zone of the tenant: all times are shown in it. */
export function useZone(): string {
  return useSession().time_zone;
}

export async function signIn(user: string, password: string): Promise<Session> {
  const session = await api.post("/session", { user, password });
  setCsrf(session.csrf_token, session.user);
  setServerTime(session.now, session.rehearsal);
  return session;
}

export async function signOut(): Promise<void> {
  await api.delete("/session");
  setCsrf("", "");
}
