// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { csv, element, type Table } from "../src/table";

const TABLE: Table = {
  caption: "Items",
  columns: [
    { name: "item", unit: "text" },
    { name: "CTR, %", unit: "percent" },
    { name: "clicks", unit: "count" },
  ],
  rows: [
    ["p-1", 12.345678, 1200],
    ['a "b", c\nd', null, 0],
    ["=HYPERLINK(1)", -1, 2],
    ["<img src=x onerror=alert(1)>", 0, 1],
  ],
};

describe("a file", () => {
  it("has exact values, quotes what must be quoted, and no formula", () => {
    const lines = csv(TABLE).split("\r\n");
    expect(lines[0]).toBe('\uFEFFitem,"CTR, %",clicks');
    expect(lines[1]).toBe("p-1,12.345678,1200");
    expect(lines[2]).toBe('"a ""b"", c\nd",,0');
    expect(lines[3]).toBe("'=HYPERLINK(1),-1,2");
    expect(lines.at(-1)).toBe("");
  });

  it.each(["=1", "+1", "-1", "@SUM(1)", "\t=1"])("takes no id for a formula, however it begins: %j", (id) => {
    expect(csv({ ...TABLE, rows: [[id, 0, 0]] }).split("\r\n")[1]).toBe(`'${id},0,0`);
  });
});

describe("an element", () => {
  const made = element(TABLE, "UTC");

  it("names its columns and rows for screen readers", () => {
    expect(made.caption?.textContent).toBe("Items");
    expect([...made.querySelectorAll("th[scope=col]")].map(({ textContent }) => textContent)).toEqual(["item", "CTR, %", "clicks"]);
    expect(made.querySelector("tbody th[scope=row]")?.textContent).toBe("p-1");
  });

  it("shows what is read and keeps what is exact", () => {
    const cells = [...made.querySelectorAll<HTMLElement>("tbody tr:first-child td")];
    expect(cells.map(({ textContent }) => textContent)).toEqual(["12.35%", "1,200"]);
    expect(cells.map(({ dataset }) => dataset.value)).toEqual(["12.345678", "1200"]);
  });

  it("takes ids for text", () => {
    expect(made.querySelector("img")).toBeNull();
    expect(made.textContent).toContain("<img src=x");
  });
});
