import { describe, expect, it } from "vitest";
import { AskError, address, kindOf } from "../src/ask";
import { again, answered, failed, LOADING } from "../src/condition";

const AWAY = new AskError("away", "ClickHouse does not answer");
const REFUSED = new AskError("refused", "narrow the period");

describe("a panel", () => {
  const ready = answered([1], false, 1000);

  it("keeps what it shows, and since when, while a server is away", () => {
    const stale = failed(failed(ready, AWAY), AWAY);
    expect(stale).toEqual({ name: "stale", answer: [1], at: 1000, kind: "away", detail: "ClickHouse does not answer" });
  });

  it("has an error where there was nothing before, or the question is wrong", () => {
    expect(failed(LOADING, AWAY).name).toBe("error");
    expect(failed(ready, REFUSED)).toEqual({ name: "error", kind: "refused", detail: "narrow the period" });
  });

  it("is empty rather than stale where the answer had nothing", () => {
    expect(answered([], true, 5).name).toBe("empty");
  });
});

describe("asking again", () => {
  it("goes on at its own pace while there are answers", () => {
    expect(again(0, null, 15)).toBe(15);
    expect(again(0, null, null)).toBeNull();
  });

  it("comes back by itself from an outage, less and less often", () => {
    expect([1, 2, 3, 4, 50].map((failures) => again(failures, "away", null))).toEqual([2, 4, 8, 15, 15]);
  });

  it("does not repeat what was refused", () => {
    expect([again(1, "refused", 15), again(1, "forbidden", 15), again(3, "signed-out", 15)]).toEqual([null, null, null]);
  });
});

it("tells what a status means", () => {
  expect([401, 403, 422, 404, 429, 500, 503].map(kindOf)).toEqual(["signed-out", "forbidden", "refused", "refused", "away", "away", "away"]);
});

it("writes addresses", () => {
  expect(address("stream", { place: ["home", "a&b"], scenario_id: "", hot: 5, end_time: undefined })).toBe("/api/v1/analytics/stream?place=home&place=a%26b&hot=5");
});
