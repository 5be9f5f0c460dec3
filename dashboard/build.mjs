// Builds dist/: the page, its style, its script, and the charts, which load when a page shows the first one.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

// What a page without a chart loads, gzipped: script, style and document together.
export const LIMIT = 40 * 1024;

// A service that runs goes on with the files of before until all of these are there.
const draft = "build";
rmSync(draft, { recursive: true, force: true });
mkdirSync(draft);
const result = await build({
  entryPoints: { dashboard: "src/main.ts" },
  outdir: draft,
  bundle: true,
  splitting: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: "es2022",
  legalComments: "external",
  chunkNames: "[name]-[hash]",
  logLevel: "warning",
});
await build({ entryPoints: { dashboard: "src/style.css" }, outdir: draft, bundle: true, minify: true, logLevel: "warning" });
for (const name of ["icon.svg", "index.html"]) copyFileSync(`src/${name}`, `${draft}/${name}`);
rmSync("dist", { recursive: true, force: true });
renameSync(draft, "dist");

const size = (name) => gzipSync(readFileSync(`dist/${name}`), { level: 9 }).length;
const first = Object.entries(result.metafile.outputs).find(([, output]) => output.entryPoint === "src/main.ts")[1];
const eager = first.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => path.split("/").pop());
const names = [...new Set(["dashboard.js", "dashboard.css", "index.html", ...eager])];
const total = names.reduce((sum, name) => sum + size(name), 0);
const charts = readdirSync("dist").filter((name) => name.endsWith(".js") && !names.includes(name)).reduce((sum, name) => sum + size(name), 0);
console.log(`dashboard/dist: ${total} bytes gzipped to begin with (at most ${LIMIT}), ${charts} for charts`);
if (total > LIMIT) {
  console.error(`dashboard/dist is ${total - LIMIT} bytes too large to begin with`);
  process.exit(1);
}
