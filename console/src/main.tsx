import "./styles/fonts.css";
import "./styles/base.css";
import "./styles/tokens.css";
import "./styles/ui/buttons.css";
import "./styles/ui/choices.css";
import "./styles/ui/pieces.css";
import "./styles/ui/tabs.css";
import "./styles/ui/floating.css";
import "./styles/ui/toasts.css";
import "./styles/ui/table.css";
import "./styles/status.css";
import "./styles/app.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { ApiError } from "./api/client";
import { App } from "./app/App";
import { Boundary } from "./app/Boundary";
import { loadAhead } from "./app/rooms";
import "./app/theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream says what changed; what is shown again within this time is not asked for again.
      staleTime: 30_000,
      gcTime: 300_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
  },
});

// A chunk of an older build is not there any more after an update: load the new one, but not over and over.
window.addEventListener("vite:preloadError", (event) => {
  const last = Number(sessionStorage.getItem("taskhouse.reloaded") ?? 0);
  if (Date.now() - last < 60_000) return;
  sessionStorage.setItem("taskhouse.reloaded", String(Date.now()));
  event.preventDefault();
  window.location.reload();
});

loadAhead(window.location.pathname.replace(/^\/console(?=\/|$)/, "").replace(/(?<=.)\/$/, "") || "/");

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={client}>
          <Router base="/console">
            <Boundary at="">
              <App />
            </Boundary>
          </Router>
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  );
