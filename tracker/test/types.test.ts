/** The published types, as somebody else's program sees them. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
// @ts-expect-error it is plain JavaScript
import { compile, declarations } from "../types.mjs";

const PROGRAM = `
import { createTracker, type Options, type Status, Tracker } from "@clickstream/tracker";
const options: Options = { key: "wk", endpoint: "https://c.example/e" };
const tracker: Tracker = createTracker(options);
const id: string | undefined = tracker.track("view", { item_id: "p-1", position: 3 });
tracker.track({ action: "conversion", itemId: "p-1" });
const status: Status = tracker.status();
export const shown: number = status.queued + (id ?? "").length;
// @ts-expect-error a key is needed
createTracker({ endpoint: "https://c.example/e" });
// @ts-expect-error a position is a number
tracker.track("view", { position: "third" });
`;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "types-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("are found by bundlers and by Node, and refuse what is wrong", () => {
  const published = join(folder, "node_modules", "@clickstream", "tracker");
  mkdirSync(published, { recursive: true });
  declarations(join(published, "types"));
  const exported = { ".": { types: "./types/index.d.ts" } };
  writeFileSync(join(published, "package.json"), JSON.stringify({ name: "@clickstream/tracker", type: "module", exports: exported }));
  writeFileSync(join(folder, "package.json"), '{"type": "module"}');
  writeFileSync(join(folder, "use.ts"), PROGRAM);
  for (const [moduleResolution, module] of [["bundler", "ESNext"], ["node16", "node16"]]) {
    const compilerOptions = {
      moduleResolution, module, strict: true, noEmit: true, target: "ES2020", lib: ["ES2020", "DOM"], types: [],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["use.ts"] }));
    expect(() => compile("-p", folder), moduleResolution).not.toThrow();
  }
}, 60_000);
