// The items of which most was clicked, shown or ordered.
import type { Distribution } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { bars } from "../charts/bars";
import { show } from "../charts/chart";
import * as format from "../format";
import { Panel } from "../panel";
import type { Table } from "../table";
import { t } from "../words";
import { type Given, scope, select } from "./page";

const REFRESH_SECONDS = 15;
const SORTS = ["clicks", "impressions", "conversions"] as const;

export function topItems(given: Given): HTMLElement {
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
