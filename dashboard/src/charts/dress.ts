// What all charts have in common.
import type { EChartsCoreOption } from "echarts/core";
import type { Look } from "../look";

const FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "PingFang SC", "Microsoft YaHei", sans-serif';

/** A chart's option with font, colours and manners. Tooltips are drawn, not markup: ids in them come from outside. */
export function dressed(option: EChartsCoreOption, look: Look): EChartsCoreOption {
  const calm = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !calm,
    animationDuration: 300,
    animationDurationUpdate: 500,
    color: [...look.series],
    textStyle: { fontFamily: FONT, color: look.text },
    ...option,
    ...("tooltip" in option ? { tooltip: { ...tooltip(look), ...(option.tooltip as object) } } : {}),
    ...("legend" in option ? { legend: { textStyle: { color: look.text }, inactiveColor: look.muted, ...(option.legend as object) } } : {}),
  };
}

function tooltip(look: Look): object {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: look.surface,
    borderColor: look.line,
    textStyle: { color: look.text, fontFamily: FONT },
    axisPointer: { lineStyle: { color: look.muted }, shadowStyle: { color: look.line, opacity: 0.4 } },
  };
}

/** An axis of names. */
export function names(look: Look, data: readonly string[]): object {
  return {
    type: "category",
    data,
    axisLine: { lineStyle: { color: look.line } },
    axisTick: { show: false },
    axisLabel: { color: look.muted, hideOverlap: true },
  };
}

/** An axis of values. */
export function values(look: Look, label: (value: number) => string): object {
  return {
    type: "value",
    axisLabel: { color: look.muted, formatter: label, hideOverlap: true },
    splitLine: { lineStyle: { color: look.line } },
  };
}
