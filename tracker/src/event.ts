/** What travels to the collector: one JSON object an event, named as the platform's event contract names it. */

export const ACTIONS = [
  "impression", "click", "view", "like", "share", "add_cart", "order", "pageview", "custom",
] as const;
export type Action = (typeof ACTIONS)[number];

/** Fields that a caller may give. Everything else that it gives goes to `extra_data`. */
export interface Fields {
  /** What was acted on; without it a click is reported as a custom event called `click`. */
  item_id?: string | number;
  /** Names a custom event. */
  event_name?: string;
  scenario_id?: string;
  /** The recommendation list; joins an impression to its click. */
  request_id?: string;
  /** Slot in that list, from 0. */
  position?: number;
  experiment_id?: string;
  experiment_group?: string;
  /** Seconds. */
  watch_duration?: number;
  /** From 0 to 1. */
  completion_rate?: number;
  element_id?: string;
  /** CSS pixels from the left edge of the page. */
  x?: number;
  /** CSS pixels from the top of the page. */
  y?: number;
  url?: string;
  referrer?: string;
  title?: string;
  app_version?: string;
  channel?: string;
  search_query?: string;
  order_id?: string;
  quantity?: number;
  price?: number;
  /** ISO 4217. */
  currency?: string;
  /** At most 8 KiB of JSON. */
  extra_data?: Record<string, unknown>;
}

/** Fields, under their own names or in camel case (`itemId`), and anything else for `extra_data`. */
export type Properties = Fields & Record<string, unknown>;

/** An event as it is stored and sent. */
export interface WireEvent extends Fields {
  event_id: string;
  tenant_id?: string;
  scenario_id: string;
  user_id: string;
  session_id: string;
  action_type: Action;
  /** Milliseconds since the epoch, by the visitor's clock. */
  timestamp: number;
  viewport_width: number;
  viewport_height: number;
  platform: "web";
}

type Kind = "id" | "label" | "text" | "count" | "ratio" | "money";

const LENGTHS: Partial<Record<Kind, number>> = { id: 128, label: 256, text: 2048 };
const INT32_MAX = 2 ** 31 - 1;

const KINDS: Record<string, Kind> = {
  item_id: "id", event_name: "id", scenario_id: "id", request_id: "id", experiment_id: "id", experiment_group: "id",
  order_id: "id", tenant_id: "id", user_id: "id",
  app_version: "label", channel: "label", currency: "label",
  element_id: "text", url: "text", referrer: "text", title: "text", search_query: "text",
  position: "count", watch_duration: "count", x: "count", y: "count", quantity: "count",
  completion_rate: "ratio", price: "money",
};

const ALIASES: Record<string, Action> = { conversion: "order", favourite: "like", favorite: "like", cart: "add_cart" };
const NEEDS_ITEM = new Set<string>(ACTIONS.slice(0, 7));

/** What an action is on the wire: an alias becomes its action, any other word a custom event of that name. */
export function named(action: string, hasItem: boolean): { action_type: Action; event_name?: string } {
  const known = ALIASES[action] ?? action;
  if (known === "click" && !hasItem) return { action_type: "custom", event_name: "click" };
  if ((ACTIONS as readonly string[]).includes(known)) return { action_type: known as Action };
  return { action_type: "custom", event_name: cut(String(action), 128) };
}

/** Whether the collector refuses this action without an item. */
export function needsItem(action: Action): boolean {
  return NEEDS_ITEM.has(action);
}

/**
 * Sorts what a caller gives into fields that the collector takes and `extra_data`.
 *
 * Whatever can be made to fit is: a long text is cut, a number rounded and held to its range, a number that stands for
 * an id becomes text. What cannot (an object as an item, NaN as a price) is left out, so that one careless property
 * does not cost the event.
 */
export function sorted(given: Record<string, unknown>): Fields & { tenant_id?: string; user_id?: string } {
  const fields: Record<string, unknown> = {};
  const extra: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || name === "action") continue;
    const snake = name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
    const kind = KINDS[snake];
    if (snake === "extra_data") Object.assign(extra, value);
    else if (!kind) extra[name] = value;
    else {
      const fitted = fit(kind, value);
      if (fitted !== undefined) fields[snake] = fitted;
    }
  }
  if (Object.keys(extra).length) fields.extra_data = extra;
  return fields;
}

function fit(kind: Kind, value: unknown): string | number | undefined {
  const longest = LENGTHS[kind];
  if (longest) {
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    return cut(String(value), longest) || undefined;
  }
  const number = typeof value === "string" && value.trim() ? Number(value) : value;
  if (typeof number !== "number" || !isFinite(number)) return undefined;
  if (kind === "ratio") return Math.min(1, Math.max(0, number));
  if (kind === "money") return Math.min(1e15, Math.max(0, number));
  return Math.min(INT32_MAX, Math.max(0, Math.round(number)));
}

/** The first characters of a text. Halves of surrogate pairs are replaced: they are no UTF-8, so no collector takes them. */
export function cut(text: string, longest: number): string {
  const whole = text.slice(0, longest).replace(/[\uD800-\uDBFF]$/, "");
  return new TextDecoder().decode(new TextEncoder().encode(whole));
}
