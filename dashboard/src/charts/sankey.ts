// Paths as a Sankey diagram.
import type { Paths } from "../answers";
import * as format from "../format";
import { t } from "../words";
import type { Chart } from "./chart";

export interface Flow {
  readonly source: string;
  readonly target: string;
  readonly value: number;
}

const SEPARATOR = "\u0000";

/**
 * Nodes and flows. A node is a place at a step, so that no path runs in a circle; `to` runs the other way, so that time
 * always goes from left to right. Of each step only the most frequent links are known: one whose way there is not among
 * them hangs in the air and is left to the table.
 */
export function flows({ links: given, direction }: Paths): { nodes: string[]; flows: Flow[] } {
  const reached = new Set<string>();
  const links = given.filter(({ step, source, target }) => {
    if (step > 1 && !reached.has(`${step}${SEPARATOR}${source}`)) return false;
    reached.add(`${step + 1}${SEPARATOR}${target}`);
    return true;
  });
  const node = (column: number, name: string) => `${column}${SEPARATOR}${name}`;
  const nodes = new Set<string>();
  const found = links.map(({ step, source, target, sessions }) => {
    const near = node(step, source);
    const far = node(step + 1, target);
    nodes.add(near);
    nodes.add(far);
    return direction === "to" ? { source: far, target: near, value: sessions } : { source: near, target: far, value: sessions };
  });
  return { nodes: [...nodes], flows: found };
}

function columnOf(node: string): number {
  return Number(node.slice(0, node.indexOf(SEPARATOR)));
}

/** What a node is called. */
export function nameOf(node: string, direction: Paths["direction"]): string {
  return node.slice(node.indexOf(SEPARATOR) + 1) || t(direction === "to" ? "began" : "ended");
}

export function sankey(paths: Paths, title: string): Chart {
  const { nodes, flows: links } = flows(paths);
  const name = (node: string) => nameOf(node, paths.direction);
  const columns = Math.max(1, ...nodes.map(columnOf));
  const tall = Math.max(...Array.from({ length: 6 }, (_, step) => nodes.filter((node) => node.startsWith(`${step + 1}${SEPARATOR}`)).length));
  return {
    label: `${title}. ${links.slice(0, 5).map(({ source, target, value }) => `${name(source)} → ${name(target)}: ${format.count(value)}`).join("; ")}`,
    height: Math.min(760, Math.max(320, tall * 34)),
    option: (look) => ({
      tooltip: {
        trigger: "item",
        formatter: (over: { dataType?: string; data: Flow; name: string; value: number }) =>
          over.dataType === "edge" ? `${name(over.data.source)} → ${name(over.data.target)}\n${format.count(over.data.value)} ${t("sessions")}` : `${name(over.name)}\n${format.count(over.value)} ${t("sessions")}`,
      },
      series: [
        {
          type: "sankey",
          left: 8,
          right: 150,
          top: 8,
          bottom: 8,
          nodeWidth: 14,
          nodeGap: 12,
          draggable: false,
          nodeAlign: "left",
          emphasis: { focus: "adjacency" },
          lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
          label: { color: look.text, formatter: ({ name: node }: { name: string }) => name(node), width: 130, overflow: "truncate" },
          // A place has the same colour at every step.
          data: nodes.map((node) => ({ name: node, depth: paths.direction === "to" ? columns - columnOf(node) : columnOf(node) - 1, itemStyle: { color: colour(name(node), nodes.map(name), look.series), borderWidth: 0 } })),
          links,
        },
      ],
    }),
  };
}

function colour(name: string, all: readonly string[], series: readonly string[]): string {
  const distinct = [...new Set(all)];
  return series[distinct.indexOf(name) % series.length] ?? "#888888";
}
