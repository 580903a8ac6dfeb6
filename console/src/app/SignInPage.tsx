import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError } from "../api/client";
import { LANGUAGES, setLanguage, useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Button, Segmented } from "../ui/Button";
import { Labelled, TextField } from "../ui/Field";
import { ErrorBar } from "../ui/pieces";
import { errorText } from "./errors";
import { SESSION, signIn } from "./session";
import { appTexts } from "./texts";
import { useWait } from "./useWait";

/** Name and password. `ended`: there was a session, and it is over. */
export function SignInPage({ ended, onDone }: { ended: boolean; onDone: () => void }) {
  const t = useTexts(appTexts);
  const language = useLanguage();
  const client = useQueryClient();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [wait, setWait] = useWait();
  useEffect(() => {
    document.title = `${t.signIn.title} · Taskhouse`;
  }, [t]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || wait > 0 || !user || !password) return;
    setBusy(true);
    setFailure(null);
    try {
      const session = await signIn(user.trim(), password);
      client.setQueryData(SESSION, session);
      onDone();
    } catch (error) {
      const failed = error instanceof ApiError ? error : new ApiError(0, "", String(error));
      setFailure(failed);
      if (failed.status === 429) setWait(failed.retryAfter ?? 60);
      setPassword("");
    } finally {
      setBusy(false);
    }
  }

  let message = "";
  if (wait > 0) message = t.signIn.slow(wait);
  else if (failure?.code === "WRONG_PASSWORD") message = t.signIn.wrong;
  else if (failure && failure.status !== 429) message = errorText(language, failure);

  return (
    <main className="sign-in">
      <form onSubmit={submit} aria-labelledby="sign-in-title">
        <h1 id="sign-in-title">
          <span className="muted">Taskhouse</span>
          {t.signIn.title}
        </h1>
        {ended && !message && <p className="soft">{t.signIn.ended}</p>}
        {message && <ErrorBar message={message} />}
        <Labelled label={t.signIn.user}>
          {(id) => (
            <TextField
              id={id}
              name="username"
              autoComplete="username"
              autoFocus
              large
              value={user}
              onChange={setUser}
            />
          )}
        </Labelled>
        <Labelled label={t.signIn.password}>
          {(id) => (
            <TextField
              id={id}
              name="password"
              type="password"
              autoComplete="current-password"
              large
              value={password}
              onChange={setPassword}
            />
          )}
        </Labelled>
        <Button type="submit" kind="primary" size="large" aria-busy={busy}>
          {t.signIn.submit}
        </Button>
        <p className="muted t-12">
          {t.signIn.help}
          <br />
          <code>taskhouse user password {user.trim() || "NAME"}</code>
        </p>
      </form>
      <Segmented label={t.language} value={language} options={LANGUAGES} onChange={setLanguage} />
    </main>
  );
}
