// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Pipeline } from "../src/answers";
import { pipeline } from "../src/pages/pipeline";
import type { Given } from "../src/pages/page";
import { read } from "../src/view";
import { speak } from "../src/words";

const NOW = Date.UTC(2026, 2, 1, 12);
const JOB = { job_id: "1", name: "ClickHouseSink", state: "running", started_at: NOW - 7_200_000, page: "", lag: 1234, uncommitted: 5678, checkpoints: 12, failed_checkpoints: 1, last_checkpoint_at: NOW - 45_000, last_checkpoint_ms: 1500, last_checkpoint_bytes: 3 << 20, last_failure: null };
const ANSWER: Pipeline = { flink_page: "http://flink:8081", flink_away: null, flink_reason: null, jobs: [JOB, { ...JOB, name: "New", state: "starting", lag: null, uncommitted: null, last_checkpoint_at: null, last_checkpoint_ms: null, last_checkpoint_bytes: null }], kafka_away: null, kafka_reason: null, topics: [{ topic: "user-behaviors", kind: "behaviors", records: 77 }] };

describe("the pipeline's page", () => {
  let life: AbortController;

  beforeEach(() => {
    life = new AbortController();
    vi.useFakeTimers({ now: NOW });
  });

  afterEach(() => {
    life.abort();
    speak("en");
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  async function page(answer: Pipeline, roles: string[] = ["read", "admin"]): Promise<HTMLElement> {
    vi.stubGlobal("fetch", (where: string) => (where.includes("/pipeline") ? Promise.resolve(Response.json(answer)) : new Promise(() => undefined)));
    const session = { name: "", roles, tenants: [], expires: null };
    const given: Given = { view: read("/pipeline", ""), tenant: "aurora", zone: "UTC", session, choices: { scenarios: [], pages: [] }, life, go: () => undefined };
    const main = document.createElement("main");
    main.append(...pipeline(given));
    await vi.advanceTimersByTimeAsync(1);
    return main;
  }

  const cells = (main: HTMLElement, panel: string) => [...main.querySelectorAll(`[data-panel=${panel}] .body tbody tr`)].map((row) => [...row.children].map(({ textContent }) => textContent));

  it("shows lag, checkpoints and what topics keep, and leads to Flink's own pages", async () => {
    const main = await page(ANSWER);
    expect(cells(main, "jobs")).toEqual([
      ["ClickHouseSink", "running", "1,234", "5,678", "2 h", "12", "1", "45 s", "1.5 s", "3.0 MiB", "–"],
      ["New", "starting", "–", "–", "2 h", "12", "1", "–", "–", "–", "–"],
    ]);
    expect([...main.querySelectorAll(".state")].map(({ className }) => className)).toEqual(["state good", "state bad"]);
    expect(cells(main, "topics")).toEqual([["user-behaviors", "events as received", "77"]]);
    expect(main.querySelector("[data-panel=jobs] a")?.getAttribute("href")).toBe("http://flink:8081");
    expect(main.querySelector("[role=alert]")).toBeNull();
  });

  it("says in its own language what does not answer, and that no job runs", async () => {
    speak("zh");
    const away = { ...ANSWER, jobs: [], flink_away: "Flink at http://f does not answer: gone", flink_reason: { code: "flink_away", parameters: { reason: "gone" } } };
    const alerts = (main: HTMLElement) => [...main.querySelectorAll("[role=alert]")].map(({ textContent }) => textContent);
    expect(alerts(await page(away))).toEqual(["Flink 没有响应：gone"]);
    speak("en");
    expect(alerts(await page({ ...ANSWER, jobs: [] }))).toEqual(["No job runs."]);
  });

  it("is for who looks after the platform", async () => {
    const main = await page(ANSWER, ["read"]);
    expect([...main.querySelectorAll("[data-panel]")].map((panel) => panel.getAttribute("data-panel"))).toEqual(["reasons", "letters"]);
    expect(main.querySelector("[data-panel=reasons]")?.getAttribute("data-state")).toBe("loading");
  });
});
