import { expect, it } from "vitest";
import { uuid7 } from "../src/uuid";

it("is a UUID of version 7 that holds the time", () => {
  const id = uuid7(0x0192_3456_789a);
  expect(id).toMatch(/^01923456-789a-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

it("sorts by time, and is another one each time", () => {
  expect(uuid7(1_700_000_000_000) < uuid7(1_700_000_000_001)).toBe(true);
  expect(new Set(Array.from({ length: 1000 }, () => uuid7(5))).size).toBe(1000);
});
