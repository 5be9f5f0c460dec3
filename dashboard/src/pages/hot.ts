// The hottest items of a place as they move: rows change places when ranks do.
import type { Away, Live, LivePlace } from "../answers";
import { AskError } from "../ask";
import { h } from "../dom";
import * as format from "../format";
import { listen } from "../listening";
import { Panel } from "../panel";
import { said } from "../reasons";
import { t } from "../words";
import { type MakePage, places } from "./page";

const SHOWN = 20;
const MOVE_MS = 450;

const MOST_PLACES = 4;

export const hot: MakePage = (given) => {
  const scenarios = places(given).slice(0, MOST_PLACES);
  if (!scenarios.length) return [h("p", { class: "status wide" }, t("chooseScenario"))];
  const panels = new Map(scenarios.map((scenario) => [scenario, panelOf(scenario, given.zone)]));
  const failed = (error: unknown) => panels.forEach((panel) => panel.failed(error));
  // One stream for all: a browser keeps few connections to one server.
  listen(
    "stream",
    () => ({ tenant_id: given.tenant, place: scenarios, hot: SHOWN }),
    {
      live: (data) => (data as Live).places.forEach((place) => panels.get(place.scenario_id)?.answered(place)),
      away: (data) => failed(new AskError("away", said((data as Away).detail, (data as Away).reason))),
    },
    failed,
    given.life,
  );
  return [...panels.values()].map(({ element }) => element);
};

function panelOf(scenario: string, zone: string): Panel<LivePlace> {
  let before: readonly string[] = [];
  return new Panel<LivePlace>(
    {
      name: `hot-${scenario}`,
      title: t("hotTitle", { scenario }),
      note: t("hotLead"),
      zone,
      isEmpty: ({ items }) => items.length === 0,
      table: ({ items }) => ({
        caption: t("hotTitle", { scenario }),
        columns: [
          { name: t("rank"), unit: "count" },
          { name: t("item"), unit: "text" },
          { name: t("score"), unit: "decimal" },
        ],
        rows: items.map(({ item_id, score }, at) => [at + 1, item_id, score]),
      }),
      draw: (answer, into) => {
        rank(answer, before, into);
        before = answer.items.map(({ item_id }) => item_id);
      },
    },
    () => undefined,
  );
}

/** How far an item has moved since the last look: up is positive; null: it was not there. */
export function moved(item: string, at: number, before: readonly string[]): number | null {
  const was = before.indexOf(item);
  return was < 0 ? null : was - at;
}

function rank({ items }: LivePlace, before: readonly string[], into: HTMLElement): void {
  const list = into.querySelector<HTMLOListElement>(":scope > ol") ?? h("ol", { class: "ranks" });
  if (!list.isConnected) into.replaceChildren(list);
  const rows = new Map([...list.children].map((row) => [(row as HTMLElement).dataset.item ?? "", row as HTMLElement]));
  const tops = new Map([...rows].map(([item, row]) => [item, row.getBoundingClientRect().top]));
  const most = items[0]?.score || 1;
  const now = items.map(({ item_id, score }, at) => {
    const row = rows.get(item_id) ?? fresh(item_id);
    row.querySelector(".rank")?.replaceChildren(String(at + 1));
    row.querySelector(".score")?.replaceChildren(format.decimal(score));
    row.querySelector<HTMLElement>(".bar")?.style.setProperty("--share", ((score * 100) / most).toFixed(2));
    const step = before.length ? moved(item_id, at, before) : 0;
    if (step !== 0) mark(row, step);
    return row;
  });
  list.replaceChildren(...now);
  slide(now, tops);
}

function fresh(item: string): HTMLElement {
  return h("li", { "data-item": item }, h("span", { class: "rank" }), h("span", { class: "item", title: item }, item), h("span", { class: "way", "aria-hidden": "true" }, h("span", { class: "bar" })), h("span", { class: "score" }), h("span", { class: "moved" }));
}

/** Which way it went: it stays marked for a while, or it could not be read. */
function mark(row: HTMLElement, step: number | null): void {
  const said = row.querySelector<HTMLElement>(".moved");
  if (!said) return;
  said.className = `moved ${step === null || step > 0 ? "up" : "down"}`;
  said.textContent = step === null ? t("entered") : step > 0 ? `▲ ${step}` : `▼ ${-step}`;
  said.setAttribute("aria-label", step === null ? t("entered") : t(step > 0 ? "up" : "down", { n: Math.abs(step) }));
  const mine = String(Date.now());
  said.dataset.since = mine;
  setTimeout(() => {
    if (said.dataset.since === mine) said.textContent = "";
  }, 4000);
}

/** From where they were to where they are (first, last, invert, play). */
function slide(rows: readonly HTMLElement[], tops: ReadonlyMap<string, number>): void {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const row of rows) {
    const was = tops.get(row.dataset.item ?? "");
    const shift = was === undefined ? 0 : was - row.getBoundingClientRect().top;
    if (shift) row.animate([{ transform: `translateY(${shift}px)` }, { transform: "none" }], { duration: MOVE_MS, easing: "ease-out" });
  }
}
