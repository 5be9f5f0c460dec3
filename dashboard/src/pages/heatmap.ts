// Where on a page something was done, for windows of one class of width.
import type { Heatmap } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { canvas, sheet, type Viewport } from "../charts/heat";
import { append, h, replace } from "../dom";
import * as format from "../format";
import { look } from "../look";
import { Panel } from "../panel";
import type { Table } from "../table";
import { t } from "../words";
import { type MakePage, type Option, scope, select } from "./page";

const REFRESH_SECONDS = 60;
const ACTIONS = ["click", "impression", "view", "pageview"] as const;

// Pictures of pages that were chosen to lie behind, by path and width. They stay in this window: they are sent nowhere.
const pictures = new Map<string, ImageBitmap>();

export const heatmap: MakePage = (given) => {
  const { own } = given.view;
  const path = own.path ?? given.choices.pages[0]?.page_path ?? "";
  if (!path) return [h("p", { class: "status" }, t("choosePage"))];
  const action = own.action ?? "click";
  const widths = h("span");
  const pictured = () => `${path} ${panel.answer ? chosen(panel.answer, own.width).least_width : ""}`;
  const picture = h("input", {
    type: "file",
    accept: "image/*",
    name: "picture",
    title: t("pictureHint"),
    onchange: (event) => {
      const file = (event.target as HTMLInputElement).files?.[0];
      if (!file) return;
      void createImageBitmap(file).then((read) => {
        pictures.set(pictured(), read);
        redraw();
      });
    },
  });
  const pages: Option[] = [...new Set(given.choices.pages.map(({ page_path }) => page_path))].map((value) => ({ value, label: value }));
  const panel: Panel<Heatmap> = new Panel<Heatmap>(
    {
      name: "heatmap",
      title: t("heatmapTitle"),
      zone: given.zone,
      controls: [
        select("page", "path", pages, path, (value) => given.go({ ...own, path: value })),
        select("action", "action", ACTIONS.map((value) => ({ value, label: t(value) })), action, (value) => given.go({ ...own, action: value })),
        widths,
        h("label", { class: "field" }, h("span", {}, t("picture")), picture),
      ],
      isEmpty: ({ viewports }) => viewports.every(({ events }) => events === 0),
      table: (answer) => table(answer, chosen(answer, own.width)),
      draw: (answer, into) => {
        const viewport = chosen(answer, own.width);
        const options = answer.viewports.map(({ least_width, events }) => ({ value: String(least_width), label: `${widthName(least_width)} (${format.count(events)})` }));
        if (!widths.contains(document.activeElement)) replace(widths, select("width", "width", options, String(viewport.least_width), (value) => given.go({ ...own, width: value })));
        draw(answer, viewport, into, pictures.get(`${path} ${viewport.least_width}`));
      },
    },
    () => asking.now(),
  );
  const redraw = () => panel.answer && panel.answered(panel.answer);
  document.addEventListener("look", redraw, { signal: given.life.signal });
  const asking = keepAsking(
    () => panel,
    (signal) => ask<Heatmap>("heatmap", { ...scope(given), page_path: path, action_type: action }, signal),
    REFRESH_SECONDS,
    given.life,
  );
  return [panel.element];
};

/** The class of widths that is asked for, else the one where most was done. */
export function chosen({ viewports }: Heatmap, width: string | undefined): Viewport {
  const busiest = viewports.reduce((best, each) => (each.events > best.events ? each : best), { least_width: -1, events: 0, cells: [] } as Viewport);
  return viewports.find(({ least_width }) => String(least_width) === width) ?? busiest;
}

function widthName(least: number): string {
  return least < 0 ? t("widthUnknown") : t("widthFrom", { n: least });
}

function draw(answer: Heatmap, viewport: Viewport, into: HTMLElement, behind: ImageBitmap | undefined): void {
  const pixels = answer.cell_pixels;
  const { most, width: wide } = sheet(viewport, pixels);
  const said = h("p", { class: "note" });
  const width = Math.min(wide, Math.max(280, into.clientWidth - 2));
  const over = (text: string) => {
    said.textContent = text || " ";
  };
  const picture = canvas(viewport, pixels, width, look(), over, behind);
  const label = t("heatmapLabel", {
    n: format.count(viewport.events),
    cells: format.count(viewport.cells.length),
    most: format.count(most.events),
    x: most.x * pixels,
    y: most.y * pixels,
  });
  picture.setAttribute("aria-label", label);
  said.textContent = label;
  replace(into, legend(most.events), h("div", { class: "sheet", tabindex: 0, role: "region", "aria-label": answer.page_path }, picture), said);
}

function legend(most: number): HTMLElement {
  const { scale } = look();
  const strip = h("canvas", { width: scale.length * 26, height: 12, "aria-hidden": "true" });
  const pen = strip.getContext("2d");
  scale.forEach((colour, at) => {
    if (!pen) return;
    pen.fillStyle = colour;
    pen.fillRect(at * 26, 0, 26, 12);
  });
  const line = h("div", { class: "legend" });
  append(line, [`${t("least")} (1)`, strip, `${t("most")} (${format.count(most)})`]);
  return line;
}

function table(answer: Heatmap, viewport: Viewport): Table {
  const cells = [...viewport.cells].sort((one, other) => other.events - one.events || one.y - other.y || one.x - other.x);
  return {
    caption: `${t("heatmapTitle")}: ${answer.page_path}, ${widthName(viewport.least_width)}`,
    columns: [
      { name: t("column"), unit: "count" },
      { name: t("row"), unit: "count" },
      { name: t("events"), unit: "count" },
    ],
    rows: cells.map(({ x, y, events }) => [x * answer.cell_pixels, y * answer.cell_pixels, events]),
  };
}
