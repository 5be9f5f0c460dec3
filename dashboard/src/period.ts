// From a view's period to the bounds that the service is asked for.
import type { View } from "./view";

export interface Bounds {
  readonly start_time: string;
  /** Left out: now. */
  readonly end_time?: string;
}

const QUARTER = 900_000;

/** The bounds of a view. Days are those of the time zone, and the service understands them as such. */
export function bounds(view: Pick<View, "period" | "from" | "to">, zone: string, now: Date): Bounds {
  const today = dayIn(zone, now);
  switch (view.period) {
    case "24h":
      return { start_time: new Date(Math.ceil(now.getTime() / QUARTER) * QUARTER - 24 * 3_600_000).toISOString() };
    case "today":
      return { start_time: today };
    case "yesterday":
      return { start_time: plusDays(today, -1), end_time: today };
    case "7d":
      return { start_time: plusDays(today, -6) };
    case "30d":
      return { start_time: plusDays(today, -29) };
    case "dates":
      return { start_time: view.from, end_time: plusDays(view.to, 1) };
  }
}

/** How many days a view's period has; a started one counts. */
export function days(view: Pick<View, "period" | "from" | "to">): number {
  if (view.period === "dates") return (Date.parse(view.to) - Date.parse(view.from)) / 86_400_000 + 1;
  return { "24h": 1, today: 1, yesterday: 1, "7d": 7, "30d": 30 }[view.period];
}

/** The day that it is somewhere, as 2026-03-01. */
export function dayIn(zone: string, now: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" })
    .formatToParts(now)
    .reduce<Record<string, string>>((all, { type, value }) => ({ ...all, [type]: value }), {});
  return `${parts.year}-${parts.month}-${parts.day}`;
}

export function plusDays(day: string, count: number): string {
  const moment = new Date(`${day}T00:00:00Z`);
  moment.setUTCDate(moment.getUTCDate() + count);
  return moment.toISOString().slice(0, 10);
}
