// How far users come through given steps, and how long each takes them.
import type { Funnel, Step } from "../answers";
import { ask } from "../ask";
import { keepAsking } from "../asking";
import { bars } from "../charts/bars";
import { show } from "../charts/chart";
import * as format from "../format";
import { Panel } from "../panel";
import type { Cell, Table } from "../table";
import { t, type Word } from "../words";
import { type MakePage, line, scope, select } from "./page";

export const USUAL_STEPS = "impression,click,view,add_cart,order";
const HOUR = 3600;
const WINDOWS = [HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR, 400 * 24 * HOUR];
const BREAKDOWNS = ["none", "scenario", "device", "os", "browser", "country", "platform", "channel", "experiment_group", "category"] as const;
const MOST_GROUPS_DRAWN = 6;
const REFRESH_SECONDS = 30;

export const funnel: MakePage = (given) => {
  const { own } = given.view;
  const steps = own.steps ?? USUAL_STEPS;
  const window = own.window ?? String(7 * 24 * HOUR);
  const breakdown = own.breakdown ?? "none";
  const with_ = (name: string, value: string) => given.go({ ...own, [name]: value });
  const known = [USUAL_STEPS, "pageview,view,order", ...given.choices.pages.slice(0, 20).map(({ page_path }) => `page:${page_path},click,order`)];
  const panel: Panel<Funnel> = new Panel<Funnel>(
    {
      name: "funnel",
      title: t("funnel"),
      note: t("funnelNote"),
      zone: given.zone,
      controls: [
        line("steps", "steps", steps, t("stepsHint"), known, (value) => with_("steps", value === USUAL_STEPS ? "" : value)),
        select("window", "window", WINDOWS.map((value) => ({ value: String(value), label: windowName(value) })), window, (value) => with_("window", value)),
        select("breakdown", "breakdown", BREAKDOWNS.map((value) => ({ value, label: t(value as Word) })), breakdown, (value) => with_("breakdown", value === "none" ? "" : value)),
      ],
      isEmpty: ({ steps: found }) => !found[0]?.users,
      table,
      draw: (answer, into) => show(into, bars(t("funnel"), groups(answer), format.short)),
    },
    () => asking.now(),
  );
  const load = (signal: AbortSignal) => ask<Funnel>("funnel", { ...scope(given), steps, window_seconds: window, breakdown }, signal);
  const asking = keepAsking(() => panel, load, REFRESH_SECONDS, given.life);
  return [panel.element];
};

export function windowName(seconds: number): string {
  const days = seconds / 24 / HOUR;
  if (days >= 400) return t("anyTime");
  return days < 1 || days === 1 ? t("hours", { n: seconds / HOUR }) : t("daysN", { n: days });
}

/** What is drawn: all users, or the largest groups of a breakdown side by side. */
export function groups(answer: Funnel): { name: string; bars: { name: string; value: number; said: string }[] }[] {
  const drawn = (steps: Step[]) =>
    steps.map(({ step, users, rate }) => ({ name: step, value: users, said: `${format.count(users)} (${format.percent(rate, 1)})` }));
  if (!answer.groups.length) return [{ name: t("users"), bars: drawn(answer.steps) }];
  return answer.groups.slice(0, MOST_GROUPS_DRAWN).map(({ value, steps }) => ({ name: value || t("unknown"), bars: drawn(steps) }));
}

export function table(answer: Funnel): Table {
  const broken = answer.groups.length > 0;
  const cells = ({ step, users, rate, step_rate, dropped, median_seconds, p90_seconds }: Step): Cell[] => [step, users, rate, step_rate, dropped, median_seconds, p90_seconds];
  const rows = broken ? answer.groups.flatMap(({ value, steps }) => steps.map((step) => [value || t("unknown"), ...cells(step)])) : answer.steps.map(cells);
  return {
    caption: t("funnel"),
    columns: [
      ...(broken ? [{ name: t("group"), unit: "text" as const }] : []),
      { name: t("step"), unit: "text" },
      { name: t("users"), unit: "count" },
      { name: t("ofFirst"), unit: "percent" },
      { name: t("ofBefore"), unit: "percent" },
      { name: t("dropped"), unit: "count" },
      { name: t("median"), unit: "seconds" },
      { name: t("p90"), unit: "seconds" },
    ],
    rows,
  };
}
