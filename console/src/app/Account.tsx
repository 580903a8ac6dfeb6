import { useQueryClient } from "@tanstack/react-query";
import { Keyboard, KeyRound, Languages, LogOut, SunMoon } from "lucide-react";
import { useLocation } from "wouter";
import { live } from "../api/live";
import { LANGUAGES, setLanguage, useLanguage } from "../texts/language";
import { useTexts } from "../texts/texts";
import { Menu } from "../ui/Menu";
import { Avatar, Keys } from "../ui/pieces";
import { SESSION, signOut, useSession } from "./session";
import { appTexts } from "./texts";
import { setTheme, type Theme, useTheme } from "./theme";
import { inEnvironment, useEnvironment } from "./url";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** Who is signed in, with language, theme, shortcuts and the way out. */
export function Account({ onShortcuts }: { onShortcuts: () => void }) {
  const t = useTexts(appTexts);
  const session = useSession();
  const language = useLanguage();
  const theme = useTheme();
  const client = useQueryClient();
  const environment = useEnvironment();
  const [, navigate] = useLocation();

  async function leave() {
    await signOut();
    live.end();
    navigate("/");
    client.setQueryData(SESSION, null);
    // What was kept was for this user.
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== SESSION[0] });
  }

  return (
    <Menu
      side="top"
      align="start"
      trigger={
        <button type="button" className="me" aria-label={t.account(session.user)}>
          <Avatar name={session.user} />
          <span className="ellipsis">{session.user}</span>
        </button>
      }
      entries={[
        {
          key: "language",
          above: session.super_admin ? t.administrator : undefined,
          label: t.language,
          icon: Languages,
          entries: LANGUAGES.map(({ value, label }) => ({
            key: value,
            label,
            checked: value === language,
            onSelect: () => setLanguage(value),
          })),
        },
        {
          key: "theme",
          label: t.theme,
          icon: SunMoon,
          entries: THEMES.map((value) => ({
            key: value,
            label: t.themes[value],
            checked: value === theme,
            onSelect: () => setTheme(value),
          })),
        },
        { key: "shortcuts", label: t.shortcuts, icon: Keyboard, hint: <Keys of="?" />, onSelect: onShortcuts },
        {
          key: "password",
          label: t.changePassword,
          icon: KeyRound,
          above: true,
          onSelect: () => navigate(inEnvironment("/account/password", environment)),
        },
        { key: "out", label: t.signOut, icon: LogOut, onSelect: () => void leave() },
      ]}
    />
  );
}
