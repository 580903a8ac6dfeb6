import { ChevronRight } from "lucide-react";
import { createContext, Fragment, type ReactNode, useContext, useEffect } from "react";
import { createPortal } from "react-dom";
import { Link } from "wouter";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { ErrorBar } from "../ui/pieces";
import { errorItems, errorText } from "./errors";
import { appTexts } from "./texts";
import { inEnvironment, useEnvironment } from "./url";

/** Where the top bar shows the path to the page. */
export const CrumbPlace = createContext<HTMLElement | null>(null);

export interface Crumb {
  label: ReactNode;
  /** The last one has none: it is the page itself. */
  to?: string;
}

/** The path to this page, in the top bar. Links keep the environment. */
export function Crumbs({ of }: { of: readonly Crumb[] }) {
  const place = useContext(CrumbPlace);
  const environment = useEnvironment();
  if (!place) return null;
  return createPortal(
    <>
      {of.map((crumb, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
        <Fragment key={at}>
          {at > 0 && <Icon of={ChevronRight} size={12} />}
          {crumb.to === undefined ? (
            <b className="ellipsis">{crumb.label}</b>
          ) : (
            <Link href={inEnvironment(crumb.to, environment)}>{crumb.label}</Link>
          )}
        </Fragment>
      ))}
    </>,
    place,
  );
}

interface PageProps {
  /** Also the title of the browser's tab. */
  title: string;
  heading?: ReactNode;
  crumbs: readonly Crumb[];
  /** Beside the title: tabs, a status. */
  beside?: ReactNode;
  /** At the right of the title. */
  actions?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** A page: its path in the top bar, its title with tabs and actions, and the rest, which fills what is left. */
export function Page({ title, heading, crumbs, beside, actions, className, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Taskhouse`;
  }, [title]);
  return (
    <>
      <Crumbs of={crumbs} />
      <div className="page-head">
        <h1>{heading ?? title}</h1>
        {beside}
        <span className="grow" />
        {actions && <div className="row gap-2 page-actions">{actions}</div>}
      </div>
      <div className={`page-body column ${className ?? ""}`}>{children}</div>
    </>
  );
}

/** What the server answered instead, above what is shown; with a button to ask again. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  if (!error) return null;
  return (
    <ErrorBar
      message={errorText(language, error)}
      items={errorItems(language, error)}
      onRetry={onRetry}
      retry={t.retry}
    />
  );
}
