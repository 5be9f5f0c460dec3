// What a page offers to choose from, and whether what an address names exists.
import type { Parameters } from "./ask";
import { bounds } from "./period";
import type { View } from "./view";

/** What there is to choose from is that of the last 30 days, for today may have nothing yet; of days before, theirs. */
export function choosable(view: View, tenant: string, zone: string): Parameters {
  const now = new Date();
  const recent = bounds({ period: "30d", from: "", to: "" }, zone, now);
  const asked = bounds(view, zone, now);
  return { tenant_id: tenant, scenario_id: view.scenario, time_zone: zone, ...(asked.start_time < recent.start_time ? asked : recent) };
}

/** A time zone that there is; empty where an address names none. */
export function known(zone: string): string {
  try {
    return zone && new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone ? zone : "";
  } catch {
    return ""; // the address names none that there is
  }
}
