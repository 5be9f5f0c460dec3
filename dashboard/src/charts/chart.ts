// A chart as a page makes it, and how it comes into the page.
import type { EChartsCoreOption } from "echarts/core";
import { h } from "../dom";
import type { Look } from "../look";

export interface Chart {
  /** What it shows, in words: for who does not see it. The table beside it has the numbers. */
  readonly label: string;
  /** In pixels. */
  readonly height: number;
  option(look: Look): EChartsCoreOption;
}

/** Show a chart; what is there already is brought up to date, so that it moves rather than flickers. */
export function show(into: HTMLElement, chart: Chart): void {
  let host = into.querySelector<HTMLElement>(":scope > .chart");
  if (!host) {
    host = h("div", { class: "chart", role: "img" });
    into.replaceChildren(host);
  }
  host.setAttribute("aria-label", chart.label);
  host.style.height = `${chart.height}px`;
  const target = host;
  void import("./draw").then(({ draw }) => {
    if (target.isConnected) draw(target, chart);
  });
}
