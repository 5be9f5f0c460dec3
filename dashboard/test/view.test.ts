import { describe, expect, it } from "vitest";
import { read, write } from "../src/view";

describe("a view and its address", () => {
  it.each([
    "/",
    "/?tenant=aurora&scenario=home",
    "/?period=24h&zone=Asia%2FShanghai",
    "/funnel?period=dates&from=2026-02-27&to=2026-03-02&steps=page%3A%2Fhome%2Corder&window=3600",
    "/paths?depth=5&direction=to&start=%2Fp%2F1%3Fa%3Db%26c",
  ])("come back from each other: %s", (address) => {
    const [path, search] = address.split(/(?=\?)/);
    expect(write(read(path ?? "", search ?? ""))).toBe(address);
  });

  it("leaves out what is as usual", () => {
    expect(write(read("/", "?period=7d&tenant=&steps="))).toBe("/");
  });

  it.each([
    ["/nowhere", "", "overview", "7d"],
    ["/hot/", "?period=century", "hot", "7d"],
    ["/", "?period=dates&from=2026-03-02&to=2026-03-01", "overview", "7d"],
    ["/", "?period=dates&from=2026-02-30&to=2026-03-01", "overview", "7d"],
    ["/", "?period=dates&from=<script>&to=2026-03-01", "overview", "7d"],
  ])("takes what is wrong for not said: %s%s", (path, search, page, period) => {
    const view = read(path, search);
    expect([view.page, view.period, view.from, view.to]).toEqual([page, period, "", ""]);
  });
});
