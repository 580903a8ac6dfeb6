import { useQueryClient } from "@tanstack/react-query";
import { MapPinOff } from "lucide-react";
import { Suspense, useEffect, useRef } from "react";
import { Link, Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { live } from "../api/live";
import { OperationHost } from "../operation/OperationHost";
import { useTexts } from "../texts/texts";
import { Empty, SkeletonRows } from "../ui/pieces";
import { Toasts } from "../ui/Toasts";
import { TooltipPlace } from "../ui/Tooltip";
import { Boundary } from "./Boundary";
import { Failure, Page } from "./Page";
import { safe, signInPath } from "./paths";
import { ROOMS } from "./rooms";
import { Shell } from "./Shell";
import { SignInPage } from "./SignInPage";
import { type Session, SessionPlace, useSessionQuery } from "./session";
import { appTexts } from "./texts";
import { useTimePasses } from "./useTimePasses";

/** Either the sign-in page, or the frame with the page of the address. */
export function App() {
  const t = useTexts(appTexts);
  const { data: session, error, refetch } = useSessionQuery();
  const [path, navigate] = useLocation();
  const search = useSearch();
  const was = useRef(false);
  if (session) was.current = true;

  if (session === undefined) return error ? <Failure error={error} onRetry={() => void refetch()} /> : null;
  const next = new URLSearchParams(search).get("next");
  if (session === null) {
    if (path !== "/sign-in") return <Redirect to={signInPath(path, search)} replace />;
    return <SignInPage ended={was.current && next !== null} onDone={() => navigate(safe(next), { replace: true })} />;
  }
  if (path === "/sign-in") return <Redirect to={safe(next)} replace />;
  return (
    <SessionPlace value={session}>
      <Signed session={session} />
      <OperationHost />
      <Toasts label={t.notices} close={t.close} />
      <TooltipPlace />
    </SessionPlace>
  );
}

function Signed({ session }: { session: Session }) {
  const client = useQueryClient();
  useTimePasses(client, session);
  const [path] = useLocation();
  const t = useTexts(appTexts);
  useEffect(() => {
    live.begin(client);
    return () => live.end();
  }, [client]);
  return (
    <Shell>
      <Boundary at={path}>
        <Suspense fallback={<SkeletonRows label={t.loading} />}>
          <Switch>
            {ROOMS.map(({ path: pattern, page }) => (
              <Route key={pattern} path={pattern} component={page} />
            ))}
            <Route>
              <Page title={t.missing} crumbs={[{ label: t.missing }]}>
                <Empty icon={MapPinOff} title={t.missingNote(path)} action={<Link href="/">{t.toOverview}</Link>} />
              </Page>
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </Shell>
  );
}
