import { describe, expect, it } from "vitest";
import type { Experiment, Funnel, Paths, Retention, Trend } from "../src/answers";
import { bars } from "../src/charts/bars";
import { colour, sheet, warmth } from "../src/charts/heat";
import { range, rows, said } from "../src/charts/lifts";
import { flows, nameOf } from "../src/charts/sankey";
import * as trend from "../src/charts/trend";
import type { Look } from "../src/look";
import { groups, table as funnelTable, windowName } from "../src/pages/funnel";
import { moved } from "../src/pages/hot";
import { jobTable } from "../src/pages/pipeline";
import { cohortTable, overall } from "../src/pages/retention";
import { speak } from "../src/words";

const LOOK: Look = { text: "#000", muted: "#777", line: "#ddd", surface: "#fff", series: ["#00f"], scale: ["#1", "#2", "#3", "#4"], good: "#0f0", bad: "#f00" };
const PERIOD = { start_time: "", end_time: "", time_zone: "UTC" };
const points = (...values: number[]) => values.map((value, at) => ({ timestamp: `2026-03-0${at + 1}T00:00:00+08:00`, value }));
const TREND: Trend = {
  granularity: "day",
  period: PERIOD,
  trends: [
    { metric_name: "impressions", points: points(100, 0, 50) },
    { metric_name: "clicks", points: points(10, 0, 0) },
    { metric_name: "ctr", points: points(10, 0, 0) },
    { metric_name: "conversions", points: points(1, 0, 0) },
    { metric_name: "conversion_rate", points: points(1, 0, 0) },
    { metric_name: "active_users", points: points(7, 0, 3) },
  ],
};

describe("a trend", () => {
  it("has a gap where there was nothing to have a rate of, and 0 where nobody clicked", () => {
    const shown = trend.rates(TREND);
    expect(shown.lines.map(({ points: all }) => all)).toEqual([[10, null, 0], [1, null, 0]]);
    const option = trend.chart(shown, "Rates", "percent").option(LOOK) as { series: { data: unknown; connectNulls: boolean }[] };
    expect(option.series.map(({ data, connectNulls }) => [data, connectNulls])).toEqual([[[10, null, 0], false], [[1, null, 0], false]]);
    expect(trend.table(TREND, shown, "Rates", "percent").rows).toEqual([["2026-03-01", 10, 1], ["2026-03-02", null, null], ["2026-03-03", 0, 0]]);
  });

  it("keeps the published form: lines 点击率 and 转化率 by day", () => {
    speak("zh");
    const shown = trend.rates(TREND);
    expect(shown.lines.map(({ name }) => name)).toEqual(["点击率", "转化率"]);
    expect(shown.at).toEqual(["3月1日周日", "3月2日周一", "3月3日周二"]);
    speak("en");
  });

  it("is empty when nothing happened", () => {
    expect(trend.isEmpty(TREND)).toBe(false);
    expect(trend.isEmpty({ ...TREND, trends: [{ metric_name: "clicks", points: points(0, 0) }] })).toBe(true);
  });
});

it("puts the largest bar on top", () => {
  const option = bars("Top", [{ name: "clicks", bars: [{ name: "a", value: 9, said: "9" }, { name: "b", value: 4, said: "4" }] }], String).option(LOOK) as {
    yAxis: { data: string[]; inverse: boolean };
    series: { data: number[] }[];
  };
  expect(option.yAxis).toMatchObject({ data: ["a", "b"], inverse: true });
  expect(option.series[0]?.data).toEqual([9, 4]);
});

describe("a funnel", () => {
  const step = (name: string, users: number) => ({ step: name, users, rate: users, step_rate: users, dropped: 0, median_seconds: null, p90_seconds: null });
  const FUNNEL: Funnel = { steps: [step("click", 100), step("order", 7)], groups: [], window_seconds: 3600, breakdown: "none" };

  it("is one row of bars, or one for each of the largest groups", () => {
    expect(groups(FUNNEL)).toEqual([{ name: "Users", bars: [{ name: "click", value: 100, said: "100 (100.0%)" }, { name: "order", value: 7, said: "7 (7.0%)" }] }]);
    const broken = { ...FUNNEL, groups: Array.from({ length: 9 }, (_, at) => ({ value: at ? `g${at}` : "", steps: FUNNEL.steps })) };
    expect(groups(broken).map(({ name }) => name)).toEqual(["unknown", "g1", "g2", "g3", "g4", "g5"]);
    expect(funnelTable(broken).rows).toHaveLength(18);
  });

  it("names its window", () => {
    expect([3600, 86_400, 7 * 86_400, 400 * 86_400].map(windowName)).toEqual(["1 h", "24 h", "7 days", "any time"]);
  });
});

it("weighs cohorts by their users, and leaves out those too young to have come back", () => {
  const answer: Retention = {
    unit: "day",
    cohorts: [
      { cohort: "2026-03-01", users: 100, returned: [100, 50, 20], rates: [100, 50, 20] },
      { cohort: "2026-03-02", users: 300, returned: [300, 30], rates: [100, 10] },
      { cohort: "2026-03-03", users: 0, returned: [0], rates: [0] },
    ],
  };
  expect(overall(answer).map(({ users, returned, rate }) => [users, returned, rate])).toEqual([[400, 400, 100], [400, 80, 20], [100, 20, 20]]);
  expect(cohortTable(answer).rows[1]).toEqual(["2026-03-02", 300, 300, 30, null]);
});

describe("paths", () => {
  const LINKS = [
    { step: 1, source: "/home", target: "/p", sessions: 5 },
    { step: 2, source: "/p", target: "/home", sessions: 3 },
    { step: 2, source: "/p", target: "", sessions: 2 },
  ];
  const PATHS: Paths = { of: "page", direction: "from", start: "/home", links: LINKS };

  it("have a node for a place at each step, so that none runs in a circle", () => {
    const { nodes, flows: found } = flows(PATHS);
    expect(nodes).toEqual(["1\0/home", "2\0/p", "3\0/home", "3\0"]);
    expect(found[1]).toEqual({ source: "2\0/p", target: "3\0/home", value: 3 });
    expect(nodes.map((node) => nameOf(node, "from"))).toEqual(["/home", "/p", "/home", "(end)"]);
  });

  it("leave out what hangs in the air", () => {
    const { flows: found } = flows({ ...PATHS, links: [...LINKS, { step: 2, source: "/rare", target: "/p", sessions: 1 }] });
    expect(found).toHaveLength(3);
  });

  it("run towards the start when they are those before it", () => {
    expect(flows({ ...PATHS, direction: "to" }).flows[0]).toEqual({ source: "2\0/p", target: "1\0/home", value: 5 });
    expect(nameOf("3\0", "to")).toBe("(begin)");
  });
});

describe("a heatmap", () => {
  const cells = [{ x: 0, y: 0, events: 1 }, { x: 99, y: 80, events: 40 }];

  it("is as large as the page", () => {
    expect(sheet({ least_width: 1280, events: 41, cells }, 20)).toEqual({ width: 2000, height: 1620, most: cells[1] });
    expect(sheet({ least_width: 768, events: 0, cells: [] }, 20)).toMatchObject({ width: 900, height: 600 });
  });

  it("is as warm as there are events, from the first colour to the last", () => {
    expect([warmth(1, 1), warmth(40, 40)]).toEqual([1, 1]);
    expect(warmth(4, 40)).toBeGreaterThan(0.4);
    expect([0, 0.2, 0.5, 1].map((share) => colour(share, LOOK.scale))).toEqual(["#1", "#1", "#2", "#4"]);
  });
});

it("shows the lifts that there are", () => {
  const lift = { percent: 12.3, low: 1, high: 24, significant: true };
  const group = (name: string, ctr_lift: typeof lift | null) => ({ group: name, ctr_lift, conversion_lift: null, converting_lift: null }) as Experiment["groups"][number];
  const found = rows({ experiment_id: "ranker", control: "control", groups: [group("control", null), group("deep", lift)], mismatch: false, mismatch_odds: 1 });
  expect(found.map(({ name, lift: of }) => [name, said(of)])).toEqual([["deep: Lift of CTR", "+12.3% (+1.0% … +24.0%)"]]);
});

it("draws lifts so that they can be told from nothing, however far out a bound of few users is", () => {
  const row = (percent: number, low: number, high: number) => ({ name: "", lift: { percent, low, high, significant: false } });
  expect(range([row(12, -35, 92)])).toEqual({ min: -40, max: 50 });
  expect(range([row(20, 5, 30)])).toEqual({ min: 0, max: 30 });
  expect(range([row(16, -82, 666), row(-40, -90, 95_000)])).toEqual({ min: -90, max: 120 });
});

it("tells how far an item has moved", () => {
  expect([moved("c", 0, ["a", "b", "c"]), moved("a", 1, ["a", "b"]), moved("b", 1, ["a", "b"]), moved("x", 0, ["a"])]).toEqual([2, -1, 0, null]);
});

it("tells how long ago a checkpoint was", () => {
  const job = { job_id: "1", name: "Sink", state: "running", started_at: 1000, page: "", lag: null, uncommitted: null, checkpoints: 3, failed_checkpoints: 0, last_checkpoint_at: 61_000, last_checkpoint_ms: 250, last_checkpoint_bytes: 9, last_failure: null };
  expect(jobTable([job], 71_000).rows[0]).toEqual(["Sink", "running", null, null, 70, 3, 0, 10, 0.25, 9, null]);
});
