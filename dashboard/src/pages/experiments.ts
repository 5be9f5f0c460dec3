// What each group of each experiment did, and whether it differs.
import type { Experiment, Experiments } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { show } from "../charts/chart";
import { LIFTS, lifts, rows } from "../charts/lifts";
import { h } from "../dom";
import * as format from "../format";
import { Panel } from "../panel";
import { type Cell, type Column, type Table, element } from "../table";
import { t } from "../words";
import { type MakePage, scope } from "./page";

const REFRESH_SECONDS = 60;

export const experiments: MakePage = (given) => {
  const panel: Panel<Experiments> = new Panel<Experiments>(
    {
      name: "experiments",
      title: t("experimentsTitle"),
      note: t("experimentNote"),
      zone: given.zone,
      drawsTable: true,
      isEmpty: ({ experiments: found }) => found.length === 0,
      table: (answer) => table(answer.experiments),
      draw: ({ experiments: found }, into) => {
        // Those that are there already stay, and with them their charts.
        const parts = found.map((experiment) => into.querySelector<HTMLElement>(`:scope > [data-experiment="${CSS.escape(experiment.experiment_id)}"]`) ?? h("div", { "data-experiment": experiment.experiment_id }));
        into.replaceChildren(...parts);
        found.forEach((experiment, at) => draw(experiment, parts[at] as HTMLElement, given.zone));
      },
    },
    () => asking.now(),
  );
  const asking = keepAsking(() => panel, (signal) => ask<Experiments>("experiments", scope(given), signal), REFRESH_SECONDS, given.life);
  return [panel.element];
};

function draw(experiment: Experiment, into: HTMLElement, zone: string): void {
  const chart = into.querySelector<HTMLElement>(":scope > .lifts") ?? h("div", { class: "lifts" });
  const alarm = experiment.mismatch ? h("p", { class: "alarm", role: "alert" }, t("mismatch", { odds: format.short(experiment.mismatch_odds) })) : null;
  into.replaceChildren(h("h3", {}, experiment.experiment_id), ...(alarm ? [alarm] : []), chart, h("div", { class: "scroll" }, element(table([experiment]), zone)));
  if (rows(experiment).length) show(chart, lifts(experiment));
  else chart.replaceChildren();
}

export function table(found: readonly Experiment[]): Table {
  const several = found.length > 1;
  const columns: Column[] = [
    ...(several ? [{ name: t("experimentsTitle"), unit: "text" as const }] : []),
    { name: t("group"), unit: "text" },
    { name: t("users"), unit: "count" },
    { name: t("impressions"), unit: "count" },
    { name: t("clicks"), unit: "count" },
    { name: t("conversions"), unit: "count" },
    { name: t("converting_users"), unit: "count" },
    { name: t("ctr"), unit: "percent" },
    { name: t("conversion_rate"), unit: "percent" },
    { name: t("converting_rate"), unit: "percent" },
    ...LIFTS.flatMap((kind): Column[] => [
      { name: t(kind), unit: "change" },
      { name: t("low"), unit: "change" },
      { name: t("high"), unit: "change" },
      { name: t("conclusion"), unit: "text" },
    ]),
  ];
  const lines = found.flatMap(({ experiment_id, control, groups }) =>
    groups.map((group): Cell[] => [
      ...(several ? [experiment_id] : []),
      group.group === control && control !== t("control") ? `${group.group || t("none")} (${t("control")})` : group.group || t("none"),
      group.users,
      group.impressions,
      group.clicks,
      group.conversions,
      group.converting_users,
      group.ctr,
      group.conversion_rate,
      group.converting_rate,
      ...LIFTS.flatMap((kind): Cell[] => {
        const lift = group[kind];
        return lift ? [lift.percent, lift.low, lift.high, t(lift.significant ? "significant" : "notSignificant")] : [null, null, null, null];
      }),
    ]),
  );
  return { caption: t("groups"), columns, rows: lines };
}
