// Which pages or items sessions go through, from one or to one.
import type { Paths } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { show } from "../charts/chart";
import { sankey } from "../charts/sankey";
import { Panel } from "../panel";
import type { Table } from "../table";
import { t } from "../words";
import { type MakePage, line, scope, select } from "./page";

const REFRESH_SECONDS = 60;
const LINKS = 12; // of each step: more cannot be told apart

export const paths: MakePage = (given) => {
  const { own } = given.view;
  const of = own.of === "item" ? "item" : "page";
  const direction = own.direction === "to" ? "to" : "from";
  const start = own.start ?? "";
  const depth = own.depth ?? "4";
  const with_ = (changed: Record<string, string>) => given.go({ ...own, ...changed });
  const panel: Panel<Paths> = new Panel<Paths>(
    {
      name: "paths",
      title: t("pathsTitle"),
      zone: given.zone,
      controls: [
        select("of", "of", (["page", "item"] as const).map((value) => ({ value, label: t(`of_${value}`) })), of, (value) => with_({ of: value, start: "" })),
        select("direction", "direction", (["from", "to"] as const).map((value) => ({ value, label: t(`direction_${value}`) })), direction, (value) => with_({ direction: value })),
        line("start", "start", start, t("startHint"), of === "page" ? given.choices.pages.map(({ page_path }) => page_path) : [], (value) => with_({ start: value })),
        select("depth", "depth", ["1", "2", "3", "4", "5"].map((value) => ({ value, label: value })), depth, (value) => with_({ depth: value })),
      ],
      isEmpty: ({ links }) => links.length === 0,
      table,
      draw: (answer, into) => show(into, sankey(answer, t("pathsTitle"))),
    },
    () => asking.now(),
  );
  const load = (signal: AbortSignal) => ask<Paths>("paths", { ...scope(given), of, direction, start, depth, links: LINKS }, signal);
  const asking = keepAsking(() => panel, load, REFRESH_SECONDS, given.life);
  return [panel.element];
};

function table({ links, direction }: Paths): Table {
  const outside = t(direction === "to" ? "began" : "ended");
  return {
    caption: t("pathsTitle"),
    columns: [
      { name: t("step"), unit: "count" },
      { name: t("source"), unit: "text" },
      { name: t("target"), unit: "text" },
      { name: t("sessions"), unit: "count" },
    ],
    rows: links.map(({ step, source, target, sessions }) => (direction === "to" ? [step, target || outside, source, sessions] : [step, source, target || outside, sessions])),
  };
}
