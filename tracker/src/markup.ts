/**
 * What the page says of an element in data-cs-* attributes, on the element or on any that holds it.
 *
 *     <ul data-cs-list data-cs-request="r-81" data-cs-scenario="home" data-cs-experiment="ranker" data-cs-group="b">
 *       <li data-cs-item="p-7"> ... <button data-cs-action="add_cart" data-cs-quantity="1">
 */

import type { Properties } from "./event";

export const ITEM = "data-cs-item";
export const VIEW = "data-cs-view";
export const REQUEST = "data-cs-request";

const ATTRIBUTES: Record<string, string> = {
  "data-cs-scenario": "scenario_id",
  "data-cs-request": "request_id",
  "data-cs-position": "position",
  "data-cs-experiment": "experiment_id",
  "data-cs-group": "experiment_group",
};
const OF_ACTIONS: Record<string, string> = {
  "data-cs-quantity": "quantity",
  "data-cs-price": "price",
  "data-cs-currency": "currency",
  "data-cs-order": "order_id",
};

/** The value of the nearest such attribute, from the element outwards; undefined where there is none or it is empty. */
export function nearest(element: Element, attribute: string): string | undefined {
  return element.closest(`[${attribute}]`)?.getAttribute(attribute) || undefined;
}

/** Whether the page wants nothing reported of an element. */
export function isOff(element: Element): boolean {
  return element.closest("[data-cs-off]") !== null;
}

/** The item that an element belongs to: the one that holds it, else the one that the page is about. */
export function itemOf(element: Element): string | undefined {
  return nearest(element, ITEM) ?? nearest(element, VIEW);
}

/** Scenario, list, slot and experiment of an element. */
export function placeOf(element: Element): Properties {
  const found: Properties = read(element, ATTRIBUTES);
  const item = element.closest(`[${ITEM}]`);
  const list = item?.closest("[data-cs-list]");
  if (list && found.position === undefined) {
    found.position = [...list.querySelectorAll(`[${ITEM}]`)].indexOf(item!);
  }
  return found;
}

/** Quantity, price, currency and order of an element that stands for an action. */
export function dealOf(element: Element): Properties {
  return read(element, OF_ACTIONS);
}

/** An element's id, else the way to it from the nearest element that has one: `#hot>li:nth-of-type(3)>a`. */
export function pathOf(element: Element): string {
  if (element.id) return element.id;
  const steps: string[] = [];
  for (let at: Element | null = element; at && steps.length < 8; at = at.parentElement) {
    if (at.id) {
      steps.unshift("#" + at.id);
      break;
    }
    const tag = at.localName;
    const alike = [...(at.parentElement?.children ?? [])].filter((other) => other.localName === tag);
    steps.unshift(alike.length > 1 ? `${tag}:nth-of-type(${alike.indexOf(at) + 1})` : tag);
  }
  return steps.join(">");
}

function read(element: Element, attributes: Record<string, string>): Properties {
  const found: Properties = {};
  for (const [attribute, field] of Object.entries(attributes)) {
    const value = nearest(element, attribute);
    if (value !== undefined) found[field] = value;
  }
  return found;
}
