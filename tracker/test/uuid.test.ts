import { expect, it } from "vitest";
import { uuid7 } from "../src/uuid";

it("is a UUID of version 7 that holds the time", () => {
  const id = uuid7(0x0192_3456_789a);
  expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it("sorts by time", () => {
  expect(uuid7(1_700_000_000_000) < uuid7(1_700_000_000_001)).toBe(true);
});

it("keeps the order in which ids are made, within a millisecond and when the clock is set back a little", () => {
  const made = Array.from({ length: 10_000 }, (_, index) => uuid7(1_800_000_000_000 - (index % 100)));
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  // More than the counter holds: the next milliseconds are taken, as few as will do.
  expect(parseInt(made.at(-1)!.replace("-", "").slice(0, 12), 16) - 1_800_000_000_000).toBeLessThanOrEqual(4);
});

it("believes a clock that is set back by hours", () => {
  uuid7(1_900_000_000_000);
  expect(uuid7(0x0192_3456_789a)).toMatch(/^01923456-789a-7/);
});
