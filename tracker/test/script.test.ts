// @vitest-environment happy-dom
/** The built script, as a script tag runs it, and its size. */

import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { optionsOf } from "../src/options";
import type { Tracker } from "../src/tracker";

let code: string;

beforeAll(async () => {
  const built = await build({
    entryPoints: ["src/script.ts"], bundle: true, minify: true, format: "iife", target: "es2020", write: false,
  });
  code = built.outputFiles[0]!.text;
});

afterEach(() => {
  if (window.clickstream && !Array.isArray(window.clickstream)) window.clickstream.stop();
  delete window.clickstream;
});

function tag(attributes: Record<string, string>): HTMLScriptElement {
  const script = document.createElement("script");
  for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
  return script;
}

function run(script: HTMLScriptElement): void {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}")));
  Object.defineProperty(document, "currentScript", { configurable: true, get: () => script });
  new Function(code)();
}

it("fits into 10 KiB", () => {
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(10 * 1024);
});

it("starts itself once, with what its tag says and what was called before", () => {
  window.clickstream = [["identify", "u-1"]];
  const script = tag({ src: "https://c.example/tracker.js", "data-key": "wk", "data-scenario": "home" });
  run(script);
  const first = window.clickstream as unknown as Tracker;
  expect(first.status()).toMatchObject({ userId: "u-1", queued: 2 });
  run(script);
  expect(window.clickstream).toBe(first);
});

it("says so when its tag has no key, and leaves the page alone", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  run(tag({ src: "https://c.example/tracker.js" }));
  expect(window.clickstream).toBeUndefined();
  expect(warn).toHaveBeenCalledOnce();
});

it("reads every option from the tag", () => {
  const script = tag({
    src: "https://c.example/static/tracker.js?v=2", "data-key": "wk", "data-scenario": "home", "data-tenant": "t",
    "data-cookieless": "", "data-consent": "required", "data-dnt": "ignore", "data-hash": "", "data-debug": "",
    "data-auto": "pages, clicks nonsense",
  });
  expect(optionsOf(script)).toEqual({
    key: "wk", endpoint: "https://c.example/api/v1/behaviors", scenario: "home", tenant: "t", cookieless: true,
    requireConsent: true, ignoreSignals: true, hashPages: true, debug: true, auto: ["pages", "clicks"],
  });
  expect(optionsOf(tag({ "data-key": "wk", "data-endpoint": "https://e.example/in", "data-auto": "" }))).toMatchObject({
    endpoint: "https://e.example/in", cookieless: false, requireConsent: false, auto: [],
  });
});
