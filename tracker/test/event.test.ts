import { describe, expect, it } from "vitest";
import { cut, named, needsItem, sorted } from "../src/event";

describe("named", () => {
  it.each([
    ["click", true, { action_type: "click" }],
    ["click", false, { action_type: "custom", event_name: "click" }],
    ["conversion", true, { action_type: "order" }],
    ["favourite", true, { action_type: "like" }],
    ["cart", true, { action_type: "add_cart" }],
    ["pageview", false, { action_type: "pageview" }],
    ["coupon_apply", false, { action_type: "custom", event_name: "coupon_apply" }],
  ])("%s (item: %s)", (action, hasItem, expected) => {
    expect(named(action, hasItem)).toEqual(expected);
  });

  it("asks for an item where the collector does", () => {
    expect(["impression", "order"].every((action) => needsItem(action as "order"))).toBe(true);
    expect(needsItem("pageview")).toBe(false);
    expect(needsItem("custom")).toBe(false);
  });
});

describe("sorted", () => {
  it("takes names in both spellings, and puts the rest into extra_data as it is", () => {
    const given = { itemId: 7, request_id: "r-1", experimentGroup: "b", myColour: "red", extra_data: { size: 3 } };
    expect(sorted(given)).toEqual({
      item_id: "7",
      request_id: "r-1",
      experiment_group: "b",
      extra_data: { myColour: "red", size: 3 },
    });
  });

  it("makes values fit, and leaves out what cannot", () => {
    const given = {
      position: "3", watch_duration: 2.6, completion_rate: 1.2, x: -4, y: 1e12, price: -1,
      quantity: NaN, item_id: { no: "id" }, title: "a".repeat(3000), order_id: "", url: null, referrer: undefined,
    };
    expect(sorted(given)).toEqual({
      position: 3, watch_duration: 3, completion_rate: 1, x: 0, y: 2147483647, price: 0, title: "a".repeat(2048),
    });
  });

  it("does not take the action for a property", () => {
    expect(sorted({ action: "view", itemId: "p-1" })).toEqual({ item_id: "p-1" });
  });
});

describe("cut", () => {
  it("leaves no half of a character", () => {
    expect(cut("ab😀", 3)).toBe("ab");
    expect(cut("ab😀", 4)).toBe("ab😀");
    expect(cut("a\uD83Db", 9)).toBe("a\uFFFDb");
  });
});
