import { useQueryClient } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, api, setCsrf } from "../api/client";
import { useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button } from "../ui/Button";
import { Labelled, TextField } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { ErrorBar } from "../ui/pieces";
import { errorText } from "./errors";
import { Page } from "./Page";
import { SESSION, useSession } from "./session";
import { appTexts } from "./texts";
import { useWait } from "./useWait";

const LEAST = 10;
const MOST = 200;
const LEAST_DIFFERENT = 4;

/** Another password for oneself. The present one is asked for; all other sessions end. */
export default function PasswordPage() {
  const app = useTexts(appTexts);
  const t = app.password;
  const language = useLanguage();
  const client = useQueryClient();
  const { user } = useSession();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [wait, setWait] = useWait();

  const characters = [...next];
  const isWeak = characters.length < LEAST || characters.length > MOST || new Set(characters).size < LEAST_DIFFERENT;
  let reason: string | undefined;
  if (current === "" || next === "" || again === "") reason = t.fillAll;
  else if (isWeak) reason = t.rule;
  else if (next === current) reason = t.same;
  else if (next !== again) reason = t.differs;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || wait > 0 || reason) return;
    setBusy(true);
    setDone(false);
    setFailure(null);
    try {
      const session = await api.put("/session/password", { current, new: next });
      setCsrf(session.csrf_token, session.user);
      client.setQueryData(SESSION, session);
      setDone(true);
      setNext("");
      setAgain("");
    } catch (error) {
      const failed = error instanceof ApiError ? error : new ApiError(0, "", String(error));
      setFailure(failed);
      if (failed.status === 429) setWait(failed.retryAfter ?? 60);
    } finally {
      setCurrent("");
      setBusy(false);
    }
  }

  let message = "";
  if (wait > 0) message = app.signIn.slow(wait);
  else if (failure?.code === "WRONG_PASSWORD") message = t.wrong;
  else if (failure && failure.status !== 429) message = errorText(language, failure);
  const field = (label: string, value: string, set: (text: string) => void, kind: string, invalid = false) => (
    <Labelled label={label}>
      {(id) => (
        <TextField id={id} type="password" autoComplete={kind} large invalid={invalid} value={value} onChange={set} />
      )}
    </Labelled>
  );
  return (
    <Page title={t.title} crumbs={[{ label: t.title }]}>
      <form className="password" onSubmit={submit} aria-label={t.title}>
        {message && <ErrorBar message={message} />}
        {done && (
          <p className="row gap-2 soft" role="status">
            <Icon of={CircleCheck} size={14} /> {t.done}
          </p>
        )}
        <input type="text" name="username" autoComplete="username" value={user} readOnly hidden />
        {field(t.current, current, setCurrent, "current-password")}
        {field(t.next, next, setNext, "new-password", next !== "" && isWeak)}
        {field(t.again, again, setAgain, "new-password", again !== "" && again !== next)}
        <p className="muted t-12">
          {t.rule} {t.others}
        </p>
        <Button type="submit" kind="primary" size="large" aria-busy={busy} reason={reason}>
          {t.submit}
        </Button>
      </form>
    </Page>
  );
}
