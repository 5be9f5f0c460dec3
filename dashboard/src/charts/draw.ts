// The charts' engine: of ECharts only what the pages use. Loaded when the first chart is shown.
import { BarChart, CustomChart, LineChart, SankeyChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as core from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { look } from "../look";
import type { Chart } from "./chart";
import { dressed } from "./dress";

core.use([BarChart, CustomChart, LineChart, SankeyChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

interface Drawn {
  readonly engine: core.ECharts;
  chart: Chart;
}

const drawn = new Map<HTMLElement, Drawn>();

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) drawn.get(target as HTMLElement)?.engine.resize();
});

/** Draw a chart, or bring the one that is there up to date. */
export function draw(into: HTMLElement, chart: Chart): void {
  for (const [element, { engine }] of drawn) {
    if (!element.isConnected) {
      engine.dispose();
      sizes.unobserve(element);
      drawn.delete(element);
    }
  }
  const before = drawn.get(into);
  if (before) before.chart = chart;
  const engine = before?.engine ?? core.init(into, undefined, { renderer: "canvas" });
  if (!before) {
    drawn.set(into, { engine, chart });
    sizes.observe(into);
  }
  engine.setOption(dressed(chart.option(look()), look()), { notMerge: true });
}

function again(): void {
  for (const [element, { chart }] of drawn) if (element.isConnected) draw(element, chart);
}

document.addEventListener("look", again);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
