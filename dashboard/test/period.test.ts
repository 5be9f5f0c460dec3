import { describe, expect, it } from "vitest";
import { bounds, dayIn, days, plusDays } from "../src/period";

// The last minute of a year in UTC: elsewhere it is the next year already.
const NOW = new Date("2026-12-31T23:59:00Z");
const view = (period: "24h" | "today" | "yesterday" | "7d" | "30d" | "dates", from = "", to = "") => ({ period, from, to });

describe("bounds", () => {
  it("are days of the time zone", () => {
    expect(bounds(view("today"), "UTC", NOW)).toEqual({ start_time: "2026-12-31" });
    expect(bounds(view("today"), "Asia/Shanghai", NOW)).toEqual({ start_time: "2027-01-01" });
    expect(bounds(view("yesterday"), "Asia/Shanghai", NOW)).toEqual({ start_time: "2026-12-31", end_time: "2027-01-01" });
    expect(bounds(view("7d"), "America/Los_Angeles", NOW)).toEqual({ start_time: "2026-12-25" });
    expect(bounds(view("30d"), "UTC", NOW)).toEqual({ start_time: "2026-12-02" });
  });

  it("of 24 hours end with this quarter of an hour, as the service has it", () => {
    expect(bounds(view("24h"), "UTC", NOW)).toEqual({ start_time: "2026-12-31T00:00:00.000Z" });
    expect(bounds(view("24h"), "UTC", new Date("2026-12-31T12:00:00Z"))).toEqual({ start_time: "2026-12-30T12:00:00.000Z" });
  });

  it("of dates hold the last day as a whole", () => {
    expect(bounds(view("dates", "2028-02-27", "2028-02-29"), "UTC", NOW)).toEqual({ start_time: "2028-02-27", end_time: "2028-03-01" });
  });
});

it("counts days", () => {
  expect([days(view("7d")), days(view("24h")), days(view("dates", "2026-02-27", "2026-03-02"))]).toEqual([7, 1, 4]);
});

it("knows the day across midnight and month ends", () => {
  expect(dayIn("Pacific/Kiritimati", new Date("2026-02-28T10:00:00Z"))).toBe("2026-03-01");
  expect(plusDays("2026-03-01", -1)).toBe("2026-02-28");
});
