// What was refused or could not be stored: counted by reason, and the newest one by one.
import type { DeadLetters } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { bars } from "../charts/bars";
import { show } from "../charts/chart";
import { h, replace } from "../dom";
import * as format from "../format";
import { Panel } from "../panel";
import type { Table } from "../table";
import { known, t } from "../words";
import { type Given, scope } from "./page";

const REFRESH_SECONDS = 30;
const LISTED = 20;

export function letterPanels(given: Given): HTMLElement[] {
  const reasons: Panel<DeadLetters> = new Panel<DeadLetters>(
    {
      name: "reasons",
      title: t("reasons"),
      note: t("reasonsNote"),
      zone: given.zone,
      isEmpty: ({ counts }) => counts.length === 0,
      table: reasonTable,
      draw: ({ counts, complete }, into) => {
        const chart = into.querySelector<HTMLElement>(":scope > .reasons") ?? h("div", { class: "reasons" });
        if (!chart.isConnected) replace(into, h("p", { class: "note" }), chart);
        into.querySelector("p")?.replaceChildren(complete ? "" : t("incomplete"));
        const drawn = counts.map(({ kind, reason, count }) => ({ name: `${kindName(kind)}: ${reason}`, value: count, said: format.count(count) }));
        show(chart, bars(t("reasons"), [{ name: t("count"), bars: drawn }], format.short));
      },
    },
    () => asking.now(),
  );
  const newest: Panel<DeadLetters> = new Panel<DeadLetters>(
    { name: "letters", title: t("letters"), zone: given.zone, isEmpty: ({ letters }) => letters.length === 0, table: letterTable },
    () => asking.now(),
  );
  const both = {
    answered: (answer: DeadLetters) => [reasons, newest].forEach((panel) => panel.answered(answer)),
    failed: (error: unknown) => [reasons, newest].forEach((panel) => panel.failed(error)),
  };
  const load = (signal: AbortSignal) => ask<DeadLetters>("dead-letters", { ...scope(given), limit: LISTED }, signal);
  const asking = keepAsking(() => both, load, REFRESH_SECONDS, given.life);
  return [reasons.element, newest.element];
}

function kindName(kind: string): string {
  return known(`kind_${kind}_one`);
}

export function reasonTable({ counts }: DeadLetters): Table {
  return {
    caption: t("reasons"),
    columns: [
      { name: t("letterKind"), unit: "text" },
      { name: t("reason"), unit: "text" },
      { name: t("count"), unit: "count" },
    ],
    rows: counts.map(({ kind, reason, count }) => [kindName(kind), reason, count]),
  };
}

function letterTable({ letters }: DeadLetters): Table {
  return {
    caption: t("letters"),
    columns: [
      { name: t("keptAt"), unit: "moment" },
      { name: t("letterKind"), unit: "text" },
      { name: t("reason"), unit: "text" },
      { name: t("scenario"), unit: "text" },
      { name: t("event"), unit: "text" },
      { name: t("field"), unit: "text" },
      { name: t("message"), unit: "text" },
    ],
    rows: letters.map((letter) => [Date.parse(letter.kept_at), kindName(letter.kind), letter.reason, letter.scenario_id, letter.event_id, letter.field, letter.message]),
  };
}
