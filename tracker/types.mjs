// Makes the declarations that are published, for bundlers and for Node's own way of finding modules alike.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function compile(...options) {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", ...options], { stdio: ["ignore", "inherit", "inherit"] });
}

export function declarations(folder) {
  compile("-p", "tsconfig.types.json", "--outDir", folder);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    // Node wants the ending, which sources for a bundler leave out.
    const text = readFileSync(path, "utf8").replace(/((?:from|import\() ?)"(\.\/[^".]+)"/g, '$1"$2.js"');
    writeFileSync(path, text);
  }
}
