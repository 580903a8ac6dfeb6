import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const PACKABLE = /\.(js|css|svg|json|txt)$/;

/** Beside each file its compressed forms, so that the server has nothing to work out. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "packed",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true }) as string[]) {
        const path = join(folder, name);
        if (!PACKABLE.test(name) || statSync(path).size < 1024) continue;
        const content = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

// The built console is served by the server itself, from inside the package. `npm run dev` talks to the server at TASKHOUSE.
export default defineConfig({
  base: "/console/",
  plugins: [react(), packed()],
  build: {
    outDir: "../src/taskhouse/protocols/console/static",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": process.env.TASKHOUSE ?? "http://127.0.0.1:8440" } },
  test: { environment: "node", include: ["src/**/*.test.ts", "schema.test.ts"] },
});
