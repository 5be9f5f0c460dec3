// Of the users who came first in a day or week, how many came back.
import type { Retention } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { show } from "../charts/chart";
import { chart as lines } from "../charts/trend";
import { h, replace } from "../dom";
import * as format from "../format";
import { Panel } from "../panel";
import { days } from "../period";
import type { Table } from "../table";
import { t } from "../words";
import { type MakePage, scope, select } from "./page";

const REFRESH_SECONDS = 60;
const LONG_DAYS = 60;
// From here on the colour is so strong that dark text could not be read on it.
const STRONG = 55;

export const retention: MakePage = (given) => {
  const unit = given.view.own.unit ?? (days(given.view) > LONG_DAYS ? "week" : "day");
  const units = (["day", "week"] as const).map((value) => ({ value, label: t(`unit_${value}`) }));
  const isEmpty = ({ cohorts }: Retention) => cohorts.every(({ users }) => users === 0);
  const matrix: Panel<Retention> = new Panel<Retention>(
    {
      name: "cohorts",
      title: t("cohorts"),
      note: t("retentionNote"),
      zone: given.zone,
      controls: [select("unit", "unit", units, unit, (value) => given.go({ unit: value }))],
      isEmpty,
      table: cohortTable,
      draw: (answer, into) => replace(into, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("cohorts") }, grid(answer))),
    },
    () => asking.now(),
  );
  const curve: Panel<Retention> = new Panel<Retention>(
    {
      name: "curve",
      title: t("curve"),
      zone: given.zone,
      isEmpty,
      table: curveTable,
      draw: (answer, into) => {
        const points = overall(answer);
        const at = points.map(({ later }) => `${later}`);
        show(into, lines({ at, lines: [{ name: t("retained"), points: points.map(({ rate }) => rate) }] }, t("curve"), "percent"));
      },
    },
    () => asking.now(),
  );
  const both = {
    answered: (answer: Retention) => [matrix, curve].forEach((panel) => panel.answered(answer)),
    failed: (error: unknown) => [matrix, curve].forEach((panel) => panel.failed(error)),
  };
  const asking = keepAsking(() => both, (signal) => ask<Retention>("retention", { ...scope(given), unit }, signal), REFRESH_SECONDS, given.life);
  return [matrix.element, curve.element];
};

/** For each age: of all users who could have come back at that age, how many did; null where there are none. */
export function overall({ cohorts }: Retention): { later: number; users: number; returned: number; rate: number | null }[] {
  const longest = Math.max(0, ...cohorts.map(({ returned }) => returned.length));
  return Array.from({ length: longest }, (_, later) => {
    const old = cohorts.filter(({ returned }) => returned.length > later);
    const users = old.reduce((sum, cohort) => sum + cohort.users, 0);
    const returned = old.reduce((sum, cohort) => sum + (cohort.returned[later] ?? 0), 0);
    return { later, users, returned, rate: users ? (returned * 100) / users : null };
  });
}

function grid({ cohorts }: Retention): HTMLTableElement {
  const ages = cohorts[0]?.returned.length ?? 0;
  const head = h("tr", {}, h("th", { scope: "col" }, t("cohort")), h("th", { scope: "col", class: "number" }, t("users")), ...Array.from({ length: ages }, (_, later) => h("th", { scope: "col", class: "number" }, t("later", { n: later }))));
  const rows = cohorts.map(({ cohort, users, returned, rates }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, format.day(cohort)),
      h("td", { class: "number" }, format.count(users)),
      ...returned.map((count, later) => {
        const share = rates[later] ?? 0;
        if (!users) return h("td", { class: "share" }, "–");
        const cell = h("td", { class: share > STRONG ? "share strong" : "share", title: `${format.count(count)} / ${format.count(users)}` }, format.percent(share, share === 100 ? 0 : 1));
        cell.style.setProperty("--share", share.toFixed(1));
        return cell;
      }),
    ),
  );
  return h("table", { class: "cohorts" }, h("caption", { class: "unseen" }, t("cohorts")), h("thead", {}, head), h("tbody", {}, ...rows));
}

export function cohortTable({ cohorts }: Retention): Table {
  const ages = cohorts[0]?.returned.length ?? 0;
  return {
    caption: t("cohorts"),
    columns: [
      { name: t("cohort"), unit: "day" },
      { name: t("users"), unit: "count" },
      ...Array.from({ length: ages }, (_, later) => ({ name: t("later", { n: later }), unit: "count" as const })),
    ],
    rows: cohorts.map(({ cohort, users, returned }) => [cohort, users, ...Array.from({ length: ages }, (_, later) => returned[later] ?? null)]),
  };
}

function curveTable(answer: Retention): Table {
  return {
    caption: t("curve"),
    columns: [
      { name: t(answer.unit === "week" ? "age_week" : "age_day"), unit: "count" },
      { name: t("observed"), unit: "count" },
      { name: t("users"), unit: "count" },
      { name: t("retained"), unit: "percent" },
    ],
    rows: overall(answer).map(({ later, users, returned, rate }) => [later, users, returned, rate]),
  };
}
