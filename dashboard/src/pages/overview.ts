// The figures as they grow, the last hour of each place, how rates and numbers went, and the top items.
import type { Dashboard, Distribution, Live, Totals, Trend } from "../answers";
import { AskError, ask } from "../ask";
import { keepAsking } from "../asking";
import { bars } from "../charts/bars";
import { show } from "../charts/chart";
import * as trends from "../charts/trend";
import { h, replace } from "../dom";
import * as format from "../format";
import { listen } from "../listening";
import { Panel } from "../panel";
import { days } from "../period";
import type { Cell, Table } from "../table";
import { t } from "../words";
import { type Given, type MakePage, places, scope, select } from "./page";

const REFRESH_SECONDS = 15;
const HOURLY_DAYS = 7;

const FIGURES: readonly (keyof Totals)[] = ["total_recommendations", "total_clicks", "ctr", "total_conversions", "conversion_rate", "active_users"];
const CONFIGURED = ["total_items", "active_scenarios"] as const;
const isRate = (name: string) => name === "ctr" || name === "conversion_rate";

export const overview: MakePage = (given) => {
  const figures = figuresPanel(given);
  const live = livePanel(given);
  follow(given, figures, live);
  return [figures.element, live.element, ...trendPanels(given), topItems(given)];
};

function follow(given: Given, figures: Panel<Dashboard>, live: Panel<Live>): void {
  const shown = places(given);
  if (!shown.length) live.answered({ places: [] });
  listen(
    "stream",
    { ...scope(given), figures: "true", place: shown },
    {
      figures: (data) => figures.answered(data as Dashboard),
      live: (data) => live.answered(data as Live),
      away: (data) => {
        const { source, detail } = data as { source: string; detail: string };
        (source === "live" ? live : figures).failed(new AskError("away", detail));
      },
    },
    (error) => {
      figures.failed(error);
      if (shown.length) live.failed(error);
    },
    given.life,
  );
}

function figuresPanel(given: Given): Panel<Dashboard> {
  const panel: Panel<Dashboard> = new Panel<Dashboard>(
    { name: "figures", title: t("figures"), zone: given.zone, isEmpty: () => false, table: figuresTable, draw: cards },
    () => asking.now(),
  );
  // Asked once besides the stream, which cannot say what is wrong with a question.
  const asking = keepAsking(() => panel, (signal) => ask<Dashboard>("dashboard", scope(given), signal), null, given.life);
  return panel;
}

function cards(answer: Dashboard, into: HTMLElement): void {
  const totals = FIGURES.map((name) => {
    const said = (value: number) => (isRate(name) ? format.percent(value) : format.count(value));
    const change = answer.change[name];
    const direction = change === null || Math.abs(change) < 0.05 ? "same" : change > 0 ? "more" : "less";
    return h(
      "div",
      { class: "card", "data-figure": name, "data-value": answer.overview[name] },
      h("dt", {}, t(name)),
      h("dd", {}, said(answer.overview[name])),
      h("dd", { class: `change ${direction}`, title: t("before", { value: said(answer.previous[name]) }) }, change === null ? t("nothingBefore") : t("changeAgainst", { change: format.change(change) })),
    );
  });
  const configured = CONFIGURED.map((name) => {
    const value = answer.overview[name];
    return h(
      "div",
      { class: "card", "data-figure": name, "data-value": value ?? "" },
      h("dt", {}, t(name)),
      h("dd", {}, format.count(value)),
      value === null ? h("dd", { class: "change same" }, t("notConfigured")) : null,
    );
  });
  replace(into, h("dl", { class: "cards" }, ...totals, ...configured));
}

function figuresTable(answer: Dashboard): Table {
  const rows: Cell[][] = FIGURES.map((name) => [t(name), answer.overview[name], answer.previous[name], answer.change[name]]);
  for (const name of CONFIGURED) rows.push([t(name), answer.overview[name], null, null]);
  return {
    caption: t("figures"),
    columns: [
      { name: t("figure"), unit: "text" },
      { name: t("value"), unit: "decimal" },
      { name: t("previous"), unit: "decimal" },
      { name: t("changed"), unit: "change" },
    ],
    rows,
  };
}

function livePanel(given: Given): Panel<Live> {
  return new Panel<Live>(
    {
      name: "live",
      title: t("live"),
      note: t("approximate"),
      zone: given.zone,
      isEmpty: (answer) => answer.places.every(({ values }) => !values.live),
      table: (answer) => ({
        caption: t("live"),
        columns: [
          { name: t("scenario"), unit: "text" },
          { name: t("impressions"), unit: "count" },
          { name: t("clicks"), unit: "count" },
          { name: t("ctr"), unit: "percent" },
          { name: t("add_carts"), unit: "count" },
          { name: t("conversions"), unit: "count" },
          { name: `${t("active_users")} ≈`, unit: "count" },
          { name: `${t("active_items")} ≈`, unit: "count" },
          { name: t("updated_at"), unit: "time" },
        ],
        rows: answer.places.map(({ scenario_id, values }) => [
          scenario_id,
          values.impressions,
          values.clicks,
          values.ctr,
          values.add_carts,
          values.conversions,
          values.active_users,
          values.active_items,
          values.updated_at,
        ]),
      }),
    },
    () => undefined,
  );
}

function trendPanels(given: Given): HTMLElement[] {
  const long = days(given.view) > 1;
  const grain = given.view.own.by ?? (long ? "day" : "hour");
  const options = [
    { value: "day", label: t("byDay") },
    { value: "hour", label: t("byHour") },
  ].filter(({ value }) => value === "day" || days(given.view) <= HOURLY_DAYS * 5);
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

const SORTS = ["clicks", "impressions", "conversions"] as const;

function topItems(given: Given): HTMLElement {
  const sort = SORTS.find((each) => each === given.view.own.sort) ?? "clicks";
  const options = SORTS.map((value) => ({ value, label: t(value) }));
  const panel: Panel<Distribution> = new Panel<Distribution>(
    {
      name: "items",
      title: t("topItems"),
      zone: given.zone,
      controls: [select("rankedBy", "sort", options, sort, (chosen) => given.go({ ...given.view.own, sort: chosen }))],
      isEmpty: ({ distribution }) => distribution.length === 0,
      table: itemsTable,
      draw: ({ distribution }, into) => {
        const shown = distribution.map(({ label, count }) => ({ name: label, value: count, said: format.count(count) }));
        show(into, bars(t("topItems"), [{ name: t(sort), bars: shown }], format.short));
      },
    },
    () => asking.now(),
  );
  const asking = keepAsking(
    () => panel,
    (signal) => ask<Distribution>("items", { ...scope(given), limit: 10, sort }, signal),
    REFRESH_SECONDS,
    given.life,
  );
  return panel.element;
}

function itemsTable({ distribution }: Distribution): Table {
  return {
    caption: t("topItems"),
    columns: [
      { name: t("item"), unit: "text" },
      { name: t("impressions"), unit: "count" },
      { name: t("clicks"), unit: "count" },
      { name: t("conversions"), unit: "count" },
      { name: t("ctr"), unit: "percent" },
      { name: t("ctrLow"), unit: "percent" },
      { name: t("ctrHigh"), unit: "percent" },
    ],
    rows: distribution.map((item) => [item.label, item.impressions, item.clicks, item.conversions, item.ctr, item.ctr_low, item.ctr_high]),
  };
}
