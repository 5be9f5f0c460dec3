// What every page is given, and what most of them do with it.
import type { Choices, Session } from "../answers";
import type { Parameters } from "../ask";
import type { Lifetime } from "../asking";
import { h } from "../dom";
import { bounds } from "../period";
import type { View } from "../view";
import type { Word } from "../words";
import { t } from "../words";

export interface Given {
  readonly view: View;
  /** The tenant and time zone that the view means. */
  readonly tenant: string;
  readonly zone: string;
  readonly session: Session;
  readonly choices: Choices;
  readonly life: Lifetime;
  /** Show something else of the same page: its own part of the address. */
  go(own: Readonly<Record<string, string>>): void;
}

/** Makes the panels of a page, which live until the lifetime ends. */
export type MakePage = (given: Given) => HTMLElement[];

/** The parameters of a question about what the view shows, as of now. */
export function scope({ view, tenant, zone }: Given): Parameters {
  return { tenant_id: tenant, scenario_id: view.scenario, time_zone: zone, ...bounds(view, zone, new Date()) };
}

/** The scenarios that live values are about: the chosen one, or all that have events. */
export function places({ view, choices }: Given): string[] {
  return view.scenario ? [view.scenario] : choices.scenarios.map(({ scenario_id }) => scenario_id).slice(0, 20);
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** A choice, with its label. */
export function select(label: Word, name: string, options: readonly Option[], chosen: string, changed: (value: string) => void): HTMLElement {
  const known = options.some(({ value }) => value === chosen) ? options : [...options, { value: chosen, label: chosen }];
  const choice = h(
    "select",
    { name, onchange: (event) => changed((event.target as HTMLSelectElement).value) },
    ...known.map(({ value, label: text }) => h("option", { value, selected: value === chosen }, text)),
  );
  choice.value = chosen;
  return h("label", { class: "field" }, h("span", {}, t(label)), choice);
}

/** A line of text; `changed` is called when it is left or Enter is pressed. */
export function line(label: Word, name: string, value: string, hint: string, suggestions: readonly string[], changed: (value: string) => void): HTMLElement {
  const list = `list-${name}`;
  const input = h("input", {
    name,
    value,
    placeholder: hint,
    title: hint,
    autocomplete: "off",
    spellcheck: "false",
    list: suggestions.length ? list : null,
    onchange: (event) => changed((event.target as HTMLInputElement).value.trim()),
  });
  return h(
    "label",
    { class: "field wide" },
    h("span", {}, t(label)),
    input,
    suggestions.length ? h("datalist", { id: list }, ...suggestions.map((each) => h("option", { value: each }))) : null,
  );
}
