import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { Failure } from "../app/Page";
import { useTexts } from "../texts/texts";
import { Icon } from "../ui/Icon";
import { type Finding, sentence } from "./finding";
import { definitionTexts } from "./texts";

/** What the last check found, in all files; a line leads to its place. */
export function ProblemList({
  findings,
  isOld,
  error,
  onOpen,
}: {
  findings: readonly Finding[];
  isOld: boolean;
  error?: unknown;
  onOpen: (finding: Finding) => void;
}) {
  const t = useTexts(definitionTexts);
  const errors = findings.filter((each) => !each.warning).length;
  const said = findings.length === 0 ? t.noProblems : t.problems(errors, findings.length - errors);
  return (
    <section className="problems" aria-label={t.problemList} aria-busy={isOld}>
      <p className="problems-head t-12" aria-live="polite">
        {!isOld && !error && (
          <span className={findings.length === 0 ? "s-ok" : errors > 0 ? "s-fail" : "s-warn"}>
            <Icon of={findings.length === 0 ? CircleCheck : errors > 0 ? CircleAlert : TriangleAlert} size={14} />
          </span>
        )}
        {isOld ? t.checking : error ? null : said}
      </p>
      <Failure error={error} />
      {findings.length > 0 && (
        <ul>
          {findings.map((each) => (
            <li key={`${each.file}:${each.line}:${each.column} ${each.message}`}>
              <button type="button" onClick={() => onOpen(each)}>
                <span
                  className={each.warning ? "s-warn" : "s-fail"}
                  role="img"
                  aria-label={each.warning ? t.warning : t.error}
                >
                  <Icon of={each.warning ? TriangleAlert : CircleAlert} size={12} />
                </span>
                <span className="mono muted nowrap">{t.at(each.file, each.line, each.column)}</span>
                <span>{sentence(each)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
