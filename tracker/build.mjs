// Builds dist/tracker.js (a script tag's), dist/tracker.mjs (a bundler's) and dist/types; reports the size, which is bounded.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { declarations } from "./types.mjs";

export const LIMIT = 10 * 1024;

const shared = { bundle: true, minify: true, target: "es2020", legalComments: "none", logLevel: "warning" };
await build({ ...shared, entryPoints: ["src/script.ts"], format: "iife", outfile: "dist/tracker.js" });
await build({ ...shared, entryPoints: ["src/index.ts"], format: "esm", outfile: "dist/tracker.mjs" });
declarations("dist/types");

const script = readFileSync("dist/tracker.js");
const size = gzipSync(script, { level: 9 }).length;
console.log(`dist/tracker.js: ${script.length} bytes, ${size} gzipped (at most ${LIMIT})`);
if (size > LIMIT) {
  console.error(`dist/tracker.js is ${size - LIMIT} bytes too large`);
  process.exit(1);
}
