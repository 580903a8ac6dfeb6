import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The built console is served by the server itself, from inside the package.
export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../src/taskhouse/protocols/console/static",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8440" } },
});
