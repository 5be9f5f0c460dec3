// How rates and numbers went, by day or hour.
import type { Trend } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { show } from "../charts/chart";
import * as trends from "../charts/trend";
import { Panel } from "../panel";
import { days } from "../period";
import { t } from "../words";
import { type Given, scope, select } from "./page";

const REFRESH_SECONDS = 15;
const HOURLY_DAYS = 35; // more hours than that are not told apart

export function trendPanels(given: Given): HTMLElement[] {
  const long = days(given.view) > 1;
  const grain = given.view.own.by ?? (long ? "day" : "hour");
  const options = [
    { value: "day", label: t("byDay") },
    { value: "hour", label: t("byHour") },
  ].filter(({ value }) => value === "day" || days(given.view) <= HOURLY_DAYS);
  const control = select("granularity", "by", options, grain, (by) => given.go({ ...given.view.own, by }));
  const make = (name: "trend" | "volume", controls: HTMLElement[]) => {
    const unit = name === "trend" ? "percent" : "count";
    const lines = name === "trend" ? trends.rates : trends.numbers;
    const panel: Panel<Trend> = new Panel<Trend>(
      {
        name,
        title: t(name),
        zone: given.zone,
        controls,
        isEmpty: trends.isEmpty,
        table: (answer) => trends.table(answer, lines(answer), t(name), unit),
        draw: (answer, into) => show(into, trends.chart(lines(answer), t(name), unit)),
      },
      () => asking.now(),
    );
    return panel;
  };
  const panels = [make("trend", [control]), make("volume", [])];
  // One question for both.
  const both = {
    answered: (answer: Trend) => panels.forEach((panel) => panel.answered(answer)),
    failed: (error: unknown) => panels.forEach((panel) => panel.failed(error)),
  };
  const asking = keepAsking(
    () => both,
    (signal) => ask<Trend>("trend", { ...scope(given), granularity: grain }, signal),
    REFRESH_SECONDS,
    given.life,
  );
  return panels.map(({ element }) => element);
}
