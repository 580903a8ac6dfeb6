import "./definitions.css";
import { Fragment, useMemo } from "react";
import { useTexts } from "../texts/texts";
import { hunks, lineDiff } from "./lineDiff";
import { definitionTexts } from "./texts";

/** Two texts, with the lines that only one has. */
export function DiffView({ before, after, label }: { before: string; after: string; label: string }) {
  const t = useTexts(definitionTexts);
  const shown = useMemo(() => hunks(lineDiff(before, after)), [before, after]);
  if (shown.length === 0) return <p className="muted">{t.identical}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: long texts are scrolled by keys
    <section className="diff" tabIndex={0} aria-label={label}>
      <table>
        <tbody>
          {shown.map((hunk, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place is the identity
            <Fragment key={at}>
              {(hunk.skipped > 0 || at > 0) && (
                <tr className="skipped">
                  <td colSpan={3}>{t.skipped(hunk.skipped)}</td>
                </tr>
              )}
              {hunk.lines.map((line) => (
                <tr key={`${line.kind} ${line.line}`} className={line.kind}>
                  <td className="number">{line.line}</td>
                  <td className="sign">
                    {line.kind === "out" ? (
                      <span role="img" aria-label={t.out}>
                        −
                      </span>
                    ) : line.kind === "in" ? (
                      <span role="img" aria-label={t.in}>
                        +
                      </span>
                    ) : null}
                  </td>
                  <td>
                    <code>{line.text}</code>
                  </td>
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </section>
  );
}
