// Horizontal bars, the largest on top.
import { names, values } from "./dress";
import type { Chart } from "./chart";

export interface Bar {
  readonly name: string;
  readonly value: number;
  /** What is said at its end. */
  readonly said: string;
}

export interface Group {
  readonly name: string;
  readonly bars: readonly Bar[];
}

/**
 * Bars by name, in the order in which they are given, the first on top.
 *
 * @param groups all have the same names; one group has no legend.
 */
export function bars(title: string, groups: readonly Group[], axis: (value: number) => string): Chart {
  const first = groups[0]?.bars ?? [];
  const thick = groups.length > 1 ? 15 * groups.length + 14 : 30;
  return {
    label: `${title}. ${first.map(({ name, said }) => `${name}: ${said}`).join("; ")}`,
    height: Math.max(120, first.length * thick + (groups.length > 1 ? 70 : 36)),
    option: (look) => ({
      grid: { left: 8, right: 96, top: groups.length > 1 ? 40 : 4, bottom: 4, containLabel: true },
      ...(groups.length > 1 ? { legend: { top: 0, left: 0, type: "plain" } } : {}),
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "shadow" },
        formatter: (over: { dataIndex: number }[]) => {
          const at = over[0]?.dataIndex ?? 0;
          const lines = groups.map((group) => (groups.length > 1 ? `${group.name}: ` : "") + (group.bars[at]?.said ?? ""));
          return [first[at]?.name ?? "", ...lines].join("\n");
        },
      },
      xAxis: values(look, axis),
      // Categories grow upwards, and the first is to be on top.
      yAxis: {
        ...names(look, first.map(({ name }) => name)),
        inverse: true,
        axisLabel: { color: look.text, width: 230, overflow: "truncate", interval: 0 },
      },
      series: groups.map((group) => ({
        type: "bar",
        name: group.name,
        barMaxWidth: 22,
        itemStyle: { borderRadius: [0, 3, 3, 0] },
        label: { show: true, position: "right", color: look.muted, formatter: ({ dataIndex }: { dataIndex: number }) => group.bars[dataIndex]?.said ?? "" },
        data: group.bars.map(({ value }) => value),
      })),
    }),
  };
}
