// The figures at the top of the overview, against the period before.
import type { Dashboard, Totals } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { h, replace } from "../dom";
import * as format from "../format";
import { Panel } from "../panel";
import type { Cell, Table } from "../table";
import { t } from "../words";
import { type Given, scope } from "./page";

const FIGURES: readonly (keyof Totals)[] = ["total_recommendations", "total_clicks", "ctr", "total_conversions", "conversion_rate", "active_users"];
const CONFIGURED = ["total_items", "active_scenarios"] as const;
const isRate = (name: string) => name === "ctr" || name === "conversion_rate";

export function figuresPanel(given: Given): Panel<Dashboard> {
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
