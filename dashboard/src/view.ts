// What is looked at, as the address says it: page, tenant, scenario, period, time zone, and what a page adds of its own.

export const PAGES = ["overview", "funnel", "retention", "paths", "heatmap", "experiments", "hot", "pipeline", "catalogue"] as const;
export type Page = (typeof PAGES)[number];

export const PERIODS = ["24h", "today", "yesterday", "7d", "30d", "dates"] as const;
export type Period = (typeof PERIODS)[number];

export interface View {
  readonly page: Page;
  /** Empty: the first tenant of the token. */
  readonly tenant: string;
  /** Empty: all of them. */
  readonly scenario: string;
  readonly period: Period;
  /** First and last day, both included; only with the period `dates`. */
  readonly from: string;
  readonly to: string;
  /** Empty: the tenant's. */
  readonly zone: string;
  /** What belongs to one page alone: steps of a funnel, a page's path, ... */
  readonly own: Readonly<Record<string, string>>;
}

export const DEFAULT_PERIOD: Period = "7d";
const SHARED = new Set(["tenant", "scenario", "period", "from", "to", "zone"]);
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What an address shows. What it says wrongly counts as not said. */
export function read(path: string, search: string): View {
  const given = new URLSearchParams(search);
  const said = (name: string) => given.get(name) ?? "";
  const named = path.replace(/^\/+|\/+$/g, "");
  const page = PAGES.find((each) => each === named) ?? "overview";
  const from = day(said("from"));
  const to = day(said("to"));
  let period = PERIODS.find((each) => each === said("period")) ?? DEFAULT_PERIOD;
  if (period === "dates" && !(from && to && from <= to)) period = DEFAULT_PERIOD;
  const dates = period === "dates" ? { from, to } : { from: "", to: "" };
  const own: Record<string, string> = {};
  for (const [name, value] of given) if (!SHARED.has(name) && value) own[name] = value;
  return { page, tenant: said("tenant"), scenario: said("scenario"), period, ...dates, zone: said("zone"), own };
}

/** The address of a view; what is as usual is left out. */
export function write(view: View): string {
  const given = new URLSearchParams();
  const say = (name: string, value: string) => {
    if (value) given.set(name, value);
  };
  say("tenant", view.tenant);
  say("scenario", view.scenario);
  if (view.period !== DEFAULT_PERIOD) say("period", view.period);
  if (view.period === "dates") {
    say("from", view.from);
    say("to", view.to);
  }
  say("zone", view.zone);
  for (const name of Object.keys(view.own).sort()) say(name, view.own[name] ?? "");
  const query = given.toString();
  return (view.page === "overview" ? "/" : `/${view.page}`) + (query ? `?${query}` : "");
}

function day(text: string): string {
  if (!DAY.test(text)) return "";
  const moment = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 10) !== text ? "" : text;
}
