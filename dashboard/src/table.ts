// What is shown, as rows: the same for the eye, for a screen reader, for a file, and for charts' summaries.
import { h } from "./dom";
import * as format from "./format";

export type Cell = string | number | null;
export type Unit = "text" | "count" | "decimal" | "percent" | "change" | "seconds" | "bytes" | "day" | "time" | "moment";

export interface Column {
  readonly name: string;
  readonly unit: Unit;
}

export interface Table {
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A cell as it is read. Times are ms since the epoch, shown in `zone`. */
export function text(value: Cell, unit: Unit, zone: string): string {
  if (value === null) return "–";
  if (typeof value === "string") return unit === "day" ? format.day(value) : value;
  switch (unit) {
    case "count":
      return format.count(value);
    case "decimal":
      return format.decimal(value);
    case "percent":
      return format.percent(value);
    case "change":
      return format.change(value);
    case "seconds":
      return format.duration(value);
    case "bytes":
      return format.bytes(value);
    case "time":
      return format.clock(value, zone);
    case "moment":
      return format.moment(value, zone);
    default:
      return String(value);
  }
}

/** As an element; every cell keeps its exact value in `data-value`. */
export function element(table: Table, zone: string): HTMLTableElement {
  const numeric = (unit: Unit) => (unit === "text" || unit === "day" ? null : "number");
  const head = h("tr", {}, ...table.columns.map(({ name, unit }) => h("th", { scope: "col", class: numeric(unit) }, name)));
  const rows = table.rows.map((row) =>
    h(
      "tr",
      {},
      ...row.map((value, at) => {
        const unit = table.columns[at]?.unit ?? "text";
        const shown = text(value, unit, zone);
        const given = { class: numeric(unit), "data-value": value === null ? "" : value };
        return at ? h("td", given, shown) : h("th", { ...given, scope: "row" }, shown);
      }),
    ),
  );
  return h("table", {}, h("caption", { class: "unseen" }, table.caption), h("thead", {}, head), h("tbody", {}, ...rows));
}

/** As RFC 4180 has it, with exact values. A byte-order mark tells spreadsheets that it is UTF-8. */
export function csv(table: Table): string {
  const lines = [table.columns.map(({ name }) => name), ...table.rows];
  return `\uFEFF${lines.map((line) => line.map(field).join(",")).join("\r\n")}\r\n`;
}

function field(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  // A spreadsheet would take it for a formula, and ids come from whoever sends events.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
