// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ask } from "../src/ask";
import { at, parsed } from "../src/catalogue";
import { jobTable } from "../src/pages/pipeline";
import { said, saidIn } from "../src/reasons";
import { speak } from "../src/words";
import { en } from "../src/words/en";
import { zh } from "../src/words/zh";

const CODES = [...readFileSync("../clickstream/error_codes.py", "utf8").matchAll(/^ {4}[A-Z_]+ = "(\w+)"$/gm)].map(([, code]) => code ?? "");
const STALE = { detail: "item 'sofa' is at revision 2, not 1: read it again", code: "document_stale", parameters: { name: "sofa", revision: 2, expected: 1 } };

describe("what the service says", () => {
  beforeEach(() => speak("zh"));
  afterEach(() => {
    speak("en");
    vi.unstubAllGlobals();
  });

  it("is said in the page's language, with what it names", () => {
    expect(saidIn(STALE)).toBe("“sofa”的版本号是 2，而不是 1：请重新加载后再决定。");
    speak("en");
    expect(saidIn(STALE)).toBe("“sofa” is at revision 2, not 1: reload it, then decide again.");
  });

  it("stays as it is where there are no words for it", () => {
    expect(saidIn({ detail: "the request comes from elsewhere" })).toBe("the request comes from elsewhere");
    expect(saidIn({ detail: "new", code: "of_a_newer_service", parameters: {} })).toBe("new");
    expect(said("text", { code: "constructor", parameters: {} })).toBe("text");
    expect([saidIn(null), saidIn("<html>"), saidIn({})]).toEqual(["", "", ""]);
  });

  it("names each field that breaks a rule, in words for the rules that there are", () => {
    const detail = [
      { type: "less_than_equal", loc: ["query", "depth"], msg: "Input should be less than or equal to 5", ctx: { le: 5 } },
      { type: "groups_shares", loc: ["body"], msg: "groups: their shares add up to 0.9, not to 1", ctx: { total: "0.9" } },
      { type: "greater_than", loc: ["body", "groups", 1, "share"], msg: "Input should be greater than 0", ctx: { gt: 0 } },
      { type: "unheard_of", loc: ["body", "price"], msg: "Input should be fair" },
    ];
    expect(saidIn({ detail })).toBe("depth: 最多为 5; 各分组的份额之和为 0.9，而不是 1; groups.1.share: 必须大于 0; price: Input should be fair");
  });

  it("reaches whoever asked", async () => {
    const away = { detail: "Redis does not answer: gone; is it running?", code: "redis_away", parameters: { reason: "gone" } };
    vi.stubGlobal("fetch", (where: string) => Promise.resolve(where.includes("hot") ? Response.json(away, { status: 503 }) : Response.json(STALE, { status: 412 })));
    await expect(ask("hot")).rejects.toMatchObject({ kind: "away", message: "Redis 没有响应：gone。它在运行吗？CLICKSTREAM_REDIS_URL 是它的地址吗？" });
    await expect(at("PUT", "/api/v1/catalogue/items/sofa", {}, 1)).rejects.toMatchObject({ kind: "refused", message: "“sofa”的版本号是 2，而不是 1：请重新加载后再决定。" });
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502 })));
    await expect(ask("hot")).rejects.toMatchObject({ kind: "away", message: "HTTP 502" });
  });

  it("is told of what was typed too", () => {
    expect(() => parsed("items", "{", null)).toThrow("这不是 JSON：");
  });

  it("is a state of a job in words", () => {
    const job = { job_id: "1", name: "Sink", started_at: 0, page: "", lag: 3, uncommitted: 5, checkpoints: 1, failed_checkpoints: 0, last_checkpoint_at: 5000, last_checkpoint_ms: 250, last_checkpoint_bytes: 7, last_failure: null };
    const rows = jobTable([{ ...job, state: "running" }, { ...job, state: "unheard-of" }], 9000).rows;
    expect(rows.map((row) => row[1])).toEqual(["运行中", "unheard-of"]);
    expect(rows[0]?.slice(2)).toEqual([3, 5, 9, 1, 0, 4, 0.25, 7, null]);
  });
});

describe("the words", () => {
  it("are there for every code of the service", () => {
    expect(CODES.length).toBeGreaterThan(40);
    expect(CODES.filter((code) => !(`said_${code}` in en))).toEqual([]);
  });

  it("name the same things in both languages, and differ", () => {
    const named = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const [word, text] of Object.entries(en)) {
      expect(named(zh[word as keyof typeof en]), word).toEqual(named(text));
      if (word.startsWith("said_") || word.startsWith("state_")) expect(zh[word as keyof typeof en], word).toMatch(/\p{Script=Han}/u);
    }
  });
});
