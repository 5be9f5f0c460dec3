// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AskError } from "../src/ask";
import { listen } from "../src/listening";
import { bounds } from "../src/period";

class Source {
  static readonly opened: Source[] = [];
  closed = false;
  onerror: (() => void) | null = null;
  private readonly acts = new Map<string, (event: { data: string }) => void>();

  constructor(readonly url: string) {
    Source.opened.push(this);
  }

  addEventListener(name: string, act: (event: { data: string }) => void): void {
    this.acts.set(name, act);
  }

  close(): void {
    this.closed = true;
  }

  say(name: string, data: unknown): void {
    if (!this.closed) this.acts.get(name)?.({ data: JSON.stringify(data) });
  }
}

const last = () => Source.opened.at(-1) as Source;
const asked = () => new URL(last().url, "http://x").searchParams;

describe("a stream", () => {
  let life: AbortController;
  const heard: unknown[] = [];
  const lost: AskError[] = [];

  beforeEach(() => {
    Source.opened.length = heard.length = lost.length = 0;
    life = new AbortController();
    vi.useFakeTimers({ now: new Date("2026-02-28T23:44:50Z") });
    vi.stubGlobal("EventSource", Source);
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}")));
  });

  afterEach(() => {
    life.abort();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const follow = (period: "24h" | "today") =>
    listen("stream", () => ({ place: ["home"], ...bounds({ period, from: "", to: "" }, "UTC", new Date()) }), { figures: (data) => heard.push(data) }, (error) => lost.push(error), life);

  it("is opened anew when the period that it is about has moved, and hears no more of the old one", () => {
    follow("24h");
    expect(asked().get("start_time")).toBe("2026-02-27T23:45:00.000Z");
    last().say("figures", 1);
    expect(Source.opened).toHaveLength(1);
    vi.setSystemTime(new Date("2026-02-28T23:45:01Z"));
    last().say("figures", 2);
    expect(asked().get("start_time")).toBe("2026-02-28T00:00:00.000Z");
    expect(Source.opened.map(({ closed }) => closed)).toEqual([true, false]);
    last().say("figures", 3);
    expect(heard).toEqual([1, 2, 3]);
    expect(lost).toEqual([]);
  });

  it("is about another day after midnight, also where nothing but `alive` was said", () => {
    follow("today");
    expect(asked().get("start_time")).toBe("2026-02-28");
    vi.setSystemTime(new Date("2026-03-01T00:00:02Z"));
    last().say("alive", {});
    expect(asked().get("start_time")).toBe("2026-03-01");
  });

  it("is taken for dead after a silence, told once, and opened again; `alive` is no silence", async () => {
    follow("today");
    for (let at = 0; at < 5; at += 1) {
      await vi.advanceTimersByTimeAsync(10_000);
      vi.setSystemTime(new Date("2026-02-28T23:44:50Z"));
      last().say("alive", {});
    }
    expect([Source.opened.length, lost.length]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(lost.map(({ kind }) => kind)).toEqual(["away"]);
    expect(last().closed).toBe(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(Source.opened).toHaveLength(2);
  });

  it("ends with its page", async () => {
    follow("today");
    life.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([Source.opened.length, last().closed, lost.length]).toEqual([1, true, 0]);
  });
});
