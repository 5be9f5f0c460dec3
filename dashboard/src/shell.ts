// Around every page: its name, the way to the others, and the choice of what is shown.
import type { Choices, Session } from "./answers";
import { h } from "./dom";
import { THEMES, type Theme, theme } from "./look";
import { select } from "./pages/page";
import { dayIn, plusDays } from "./period";
import { PAGES, PERIODS, type Period, type View, write } from "./view";
import { t, type Word } from "./words";

export interface Steps {
  go(view: View): void;
  wear(theme: Theme): void;
  speak(): void;
  signOut(): void;
}

export function header(view: View, session: Session, steps: Steps): HTMLElement {
  const links = PAGES.map((page) => {
    const there: View = { ...view, page, own: {} };
    return h(
      "a",
      {
        href: write(there),
        "aria-current": page === view.page ? "page" : null,
        onclick: (event) => {
          const { ctrlKey, metaKey, shiftKey, altKey } = event as MouseEvent;
          if (ctrlKey || metaKey || shiftKey || altKey) return;
          event.preventDefault();
          steps.go(there);
        },
      },
      t(page),
    );
  });
  const themes = THEMES.map((value) => ({ value, label: t(`theme_${value}`) }));
  return h(
    "header",
    { class: "top" },
    h("a", { class: "skip", href: "#main" }, t("skip")),
    h("div", { class: "brand" }, h("img", { src: "/assets/icon.svg", alt: "", width: 22, height: 22 }), t("brand")),
    h("nav", { "aria-label": t("pages") }, ...links),
    h(
      "div",
      { class: "self" },
      select("theme", "theme", themes, theme(), (value) => steps.wear(value as Theme)),
      h("button", { type: "button", class: "quiet", lang: t("language") === "中文" ? "zh" : "en", "aria-label": t("languageLabel"), onclick: () => steps.speak() }, t("language")),
      h("button", { type: "button", class: "quiet", title: session.name, onclick: () => steps.signOut() }, t("signOut")),
    ),
  );
}

/** The choice of tenant, scenario, period and time zone. */
export function filters(view: View, tenant: string, zone: string, session: Session, choices: Choices | null, steps: Steps): HTMLElement {
  const own = session.tenants.find(({ tenant_id }) => tenant_id === tenant)?.time_zone ?? "UTC";
  const tenants = session.tenants.map(({ tenant_id, title }) => ({ value: tenant_id, label: title }));
  const scenarios = [
    { value: "", label: t("allScenarios") },
    ...(choices?.scenarios ?? []).map(({ scenario_id }) => ({ value: scenario_id, label: scenario_id })),
  ];
  const periods = PERIODS.map((value) => ({ value, label: t(value as Word) }));
  const today = dayIn(zone, new Date());
  const from = view.from || plusDays(today, -6);
  const to = view.to || today;
  const date = (label: "from" | "to", value: string) =>
    h(
      "label",
      { class: "field" },
      h("span", {}, t(label)),
      h("input", {
        type: "date",
        name: label,
        value,
        max: label === "from" ? to : null,
        min: label === "to" ? from : null,
        onchange: (event) => {
          const said = (event.target as HTMLInputElement).value;
          const dates = label === "from" ? { from: said, to: said > to ? said : to } : { from: said < from ? said : from, to: said };
          if (said) steps.go({ ...view, period: "dates", ...dates });
        },
      }),
    );
  return h(
    "form",
    { class: "filters", "aria-label": t("filters"), onsubmit: (event) => event.preventDefault() },
    select("tenant", "tenant", tenants, tenant, (chosen) => steps.go({ ...view, tenant: chosen, scenario: "", own: {} })),
    select("scenario", "scenario", scenarios, view.scenario, (scenario) => steps.go({ ...view, scenario })),
    select("period", "period", periods, view.period, (period) =>
      steps.go(period === "dates" ? { ...view, period, from, to } : { ...view, period: period as Period, from: "", to: "" }),
    ),
    ...(view.period === "dates" ? [date("from", from), date("to", to)] : []),
    select("zone", "zone", zones(zone, own), zone, (chosen) => steps.go({ ...view, zone: chosen === own ? "" : chosen })),
  );
}

/** The tenant's zone first, then the reader's own, then all others. */
function zones(...first: string[]): { value: string; label: string }[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = [...new Set([...first, own, "UTC", ...Intl.supportedValuesOf("timeZone")])];
  return all.map((value) => ({ value, label: value.replaceAll("_", " ") }));
}
