// Lifts of an experiment's groups with their bounds, beside the line where nothing differs.
import type { Experiment, Lift } from "../answers";
import * as format from "../format";
import { t } from "../words";
import type { Chart } from "./chart";
import { names, values } from "./dress";

export const LIFTS = ["ctr_lift", "conversion_lift", "converting_lift"] as const;

export interface Row {
  readonly name: string;
  readonly lift: Lift;
}

/** Each lift that there is, group by group. */
export function rows({ groups }: Experiment): Row[] {
  return groups.flatMap((group) =>
    LIFTS.flatMap((kind) => {
      const lift = group[kind];
      return lift ? [{ name: `${group.group || t("none")}: ${t(kind)}`, lift }] : [];
    }),
  );
}

/**
 * From where to where lifts are drawn. Of a small group the upper bound is far out: drawn as a whole, all that can be
 * told from 0 would be a dot. What goes beyond is cut off at the edge; the table has it.
 */
export function range(shown: readonly Row[]): { min: number; max: number } {
  const reach = Math.max(50, ...shown.map(({ lift }) => Math.abs(lift.percent) * 3));
  const low = Math.min(0, ...shown.map(({ lift }) => lift.low));
  const high = Math.max(0, ...shown.map(({ lift }) => lift.high));
  return { min: Math.floor(Math.max(low, -reach) / 10) * 10, max: Math.ceil(Math.min(high, reach) / 10) * 10 };
}

export function said({ percent, low, high }: Lift): string {
  return `${format.change(percent)} (${format.change(low)} … ${format.change(high)})`;
}

interface Api {
  value(at: number): number;
  coord(point: [number, number]): [number, number];
}

export function lifts(experiment: Experiment): Chart {
  const shown = rows(experiment);
  const title = t("lifts", { control: experiment.control });
  return {
    label: `${title}. ${shown.map(({ name, lift }) => `${name} ${said(lift)}`).join("; ")}`,
    height: shown.length * 34 + 50,
    option: (look) => {
      const colour = ({ percent, significant }: Lift) => (significant ? (percent > 0 ? look.good : look.bad) : look.muted);
      return {
        grid: { left: 8, right: 24, top: 8, bottom: 8, containLabel: true },
        tooltip: {
          trigger: "item",
          formatter: ({ dataIndex }: { dataIndex: number }) => {
            const row = shown[dataIndex];
            return row ? `${row.name}\n${said(row.lift)}` : "";
          },
        },
        xAxis: { ...values(look, (value) => `${value > 0 ? "+" : ""}${format.count(value)}%`), ...range(shown) },
        yAxis: { ...names(look, shown.map(({ name }) => name)), inverse: true, axisLabel: { color: look.text, interval: 0 } },
        series: [
          {
            type: "custom",
            clip: true,
            data: shown.map(({ lift }, at) => [lift.percent, at, lift.low, lift.high]),
            encode: { x: [0, 2, 3], y: 1 },
            markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: look.muted, type: "solid" }, data: [{ xAxis: 0 }] },
            renderItem: ({ dataIndex }: { dataIndex: number }, api: Api) => {
              const at = api.value(1);
              const [middle, y] = api.coord([api.value(0), at]);
              const [low] = api.coord([api.value(2), at]);
              const [high] = api.coord([api.value(3), at]);
              const row = shown[dataIndex];
              const stroke = row ? colour(row.lift) : look.muted;
              const line = (x1: number, y1: number, x2: number, y2: number) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 2 } });
              return {
                type: "group",
                children: [line(low, y, high, y), line(low, y - 5, low, y + 5), line(high, y - 5, high, y + 5), { type: "circle", shape: { cx: middle, cy: y, r: 5 }, style: { fill: stroke } }],
              };
            },
          },
        ],
      };
    },
  };
}
