// How figures went: rates (点击率, 转化率) or numbers, as lines by day or hour.
import type { Trend } from "../answers";
import * as format from "../format";
import type { Table } from "../table";
import { t } from "../words";
import type { Chart } from "./chart";
import { names, values } from "./dress";

export interface Line {
  readonly name: string;
  /** null: there is no such value, as the rate of nothing. The line has a gap there. */
  readonly points: readonly (number | null)[];
}

export interface Lines {
  readonly at: readonly string[];
  readonly lines: readonly Line[];
}

const RATES = ["ctr", "conversion_rate"] as const;
const NUMBERS = ["impressions", "clicks", "conversions", "active_users"] as const;

/** The rates of a trend. Where there were no impressions there is no rate: 0 % would say that nobody clicked. */
export function rates(trend: Trend): Lines {
  const shown = points(trend, "impressions").map(({ value }) => value);
  return {
    at: labels(trend),
    lines: RATES.map((metric) => ({
      name: metric === "ctr" ? t("rateClick") : t("rateConversion"),
      points: points(trend, metric).map(({ value }, at) => (shown[at] ? value : null)),
    })),
  };
}

/** The numbers of a trend. */
export function numbers(trend: Trend): Lines {
  return {
    at: labels(trend),
    lines: NUMBERS.map((metric) => ({ name: t(metric), points: points(trend, metric).map(({ value }) => value) })),
  };
}

export function isEmpty(trend: Trend): boolean {
  return trend.trends.every(({ points: all }) => all.every(({ value }) => value === 0));
}

export function table(trend: Trend, shown: Lines, caption: string, unit: "percent" | "count"): Table {
  const at = trend.trends[0]?.points ?? [];
  const hourly = trend.granularity === "hour";
  return {
    caption,
    columns: [
      { name: t(hourly ? "hourColumn" : "dayColumn"), unit: hourly ? "text" : "day" },
      ...shown.lines.map(({ name }) => ({ name, unit })),
    ],
    rows: at.map(({ timestamp }, row) => [
      hourly ? timestamp.slice(0, 16).replace("T", " ") : timestamp.slice(0, 10),
      ...shown.lines.map(({ points: all }) => all[row] ?? null),
    ]),
  };
}

export function chart(shown: Lines, title: string, unit: "percent" | "count"): Chart {
  const told = unit === "percent" ? (value: number | null) => format.percent(value) : format.count;
  const summary = shown.lines.map(({ name, points: all }) => `${name}: ${told(all.findLast((value) => value !== null) ?? null)}`);
  return {
    label: `${title}. ${shown.at[0] ?? ""} – ${shown.at.at(-1) ?? ""}. ${summary.join("; ")}`,
    height: 300,
    option: (look) => ({
      grid: { left: 8, right: 20, top: 44, bottom: 8, containLabel: true },
      legend: { top: 4, left: 0 },
      tooltip: { trigger: "axis", valueFormatter: (value: number | null | undefined) => told(value ?? null) },
      xAxis: names(look, shown.at),
      yAxis: values(look, unit === "percent" ? (value) => format.percent(value, Number.isInteger(value) ? 0 : 1) : format.short),
      series: shown.lines.map(({ name, points: all }) => ({
        type: "line",
        name,
        data: all,
        connectNulls: false,
        symbol: "circle",
        symbolSize: 6,
        showSymbol: all.length <= 40,
        showAllSymbol: true,
      })),
    }),
  };
}

function points(trend: Trend, metric: string): { timestamp: string; value: number }[] {
  return trend.trends.find(({ metric_name }) => metric_name === metric)?.points ?? [];
}

function labels(trend: Trend): string[] {
  const all = trend.trends[0]?.points ?? [];
  return all.map(({ timestamp }) => (trend.granularity === "hour" ? format.hour(timestamp) : format.day(timestamp)));
}
