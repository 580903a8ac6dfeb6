import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("the types of the API are those of the document; `npm run schema` writes them anew", async () => {
  const types = await openapiTS(new URL("../docs/openapi.json", import.meta.url), {
    alphabetize: true,
    emptyObjectsUnknown: true,
    defaultNonNullable: false,
  });
  const written = readFileSync(new URL("src/api/schema.ts", import.meta.url), "utf8");
  expect(written.slice(written.indexOf("export interface paths"))).toBe(
    astToString(types).replace(/^[\s\S]*?(?=export interface paths)/, ""),
  );
}, 30_000);
