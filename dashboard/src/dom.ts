// Makes elements. Text is set as text, never as markup: ids and paths come from whoever sends events.

export type Child = Node | string | null | false | undefined;

type Listener = (event: Event) => void;

/** An element's attributes; `on...` are listeners, true is an attribute without a value, false and null are left out. */
export type Attributes = Record<string, string | number | boolean | null | undefined | Listener>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Node, children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  }
}

export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  append(element, children);
}
