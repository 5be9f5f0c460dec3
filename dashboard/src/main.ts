// From an address to a page, and from one page to the next.
import type { Choices, Session } from "./answers";
import { AskError, ask } from "./ask";
import { keepAsking } from "./asking";
import { choosable, known } from "./choosable";
import { h, replace } from "./dom";
import { keep, kept } from "./kept";
import { type Theme, THEMES, wear } from "./look";
import { MAKE } from "./pages";
import { filters, header, type Steps } from "./shell";
import { form, signIn, signOut, tokenOf } from "./sign_in";
import { read, type View, write } from "./view";
import { first, language, speak, t } from "./words";

const app = document.getElementById("app") ?? document.body;
let life = new AbortController();
let session: Session | null = null;
let view: View = read(location.pathname, location.search);

const steps: Steps = {
  go(to) {
    history.pushState(null, "", write(to));
    const samePage = to.page === view.page;
    view = to;
    render(samePage);
  },
  wear(theme) {
    keep("theme", theme);
    wear(theme);
  },
  speak() {
    speak(language() === "zh" ? "en" : "zh");
    keep("language", language());
    render(true);
  },
  signOut() {
    void signOut().finally(() => showSignIn(false));
  },
};

function showSignIn(refused: boolean): void {
  life.abort();
  session = null;
  document.title = `${t("signIn")} · ${t("brand")}`;
  document.documentElement.lang = language();
  replace(app, h("main", { id: "main", class: "alone" }, form(refused, () => void begin())));
  app.querySelector<HTMLInputElement>("input[name=token]")?.focus();
}

/** Ask who is signed in; while the service is away, ask again. */
async function begin(): Promise<void> {
  life.abort();
  life = new AbortController();
  const mine = life;
  const status = h("p", { class: "status", role: "status" }, t("loading"));
  replace(app, h("main", { id: "main", class: "alone" }, status));
  const told = {
    answered(found: Session) {
      session = found;
      if (location.pathname === "/sign-in") history.replaceState(null, "", "/");
      view = read(location.pathname, location.search);
      render(false);
    },
    failed(error: unknown) {
      if (error instanceof AskError && error.kind === "signed-out") return;
      replace(status, h("strong", {}, t("unreachable")), h("span", {}, t("tryingAgain")));
    },
  };
  keepAsking(() => told, (signal) => ask<Session>("session", {}, signal), null, { signal: mine.signal });
}

/** Show the view. A new page is read from its beginning; of the same page the focus stays where it was. */
function render(samePage: boolean): void {
  if (!session) return;
  const focused = samePage ? document.activeElement?.getAttribute("name") : null;
  life.abort();
  life = new AbortController();
  const mine = { signal: life.signal };
  const who = session;
  document.documentElement.lang = language() === "zh" ? "zh-CN" : "en";
  const tenant = who.tenants.some(({ tenant_id }) => tenant_id === view.tenant) ? view.tenant : (who.tenants[0]?.tenant_id ?? "");
  const zone = known(view.zone) || who.tenants.find(({ tenant_id }) => tenant_id === tenant)?.time_zone || "UTC";
  document.title = `${t(view.page)} · ${t("brand")}`;
  const bar = h("div", {}, filters(view, tenant, zone, who, null, steps));
  const title = h("h1", { class: "unseen", tabindex: -1 }, t(view.page));
  const panels = h("div", { class: "panels", "data-page": view.page, "aria-busy": "true" });
  const status = h("p", { class: "status wide", role: "status" });
  replace(app, header(view, who, steps), h("main", { id: "main", tabindex: -1 }, bar, title, status, panels));
  const refocus = () => focused && app.querySelector<HTMLElement>(`[name="${CSS.escape(focused)}"]`)?.focus();
  if (!samePage) window.scrollTo(0, 0);
  refocus();

  let shown = "";
  const fill = (choices: Choices) => {
    replace(bar, filters(view, tenant, zone, who, choices, steps));
    const given = { view, tenant, zone, session: who, choices, life: mine, go: (own: View["own"]) => steps.go({ ...view, own }) };
    replace(panels, ...MAKE[view.page](given));
    panels.setAttribute("aria-busy", "false");
    refocus();
  };
  const told = {
    answered(choices: Choices) {
      replace(status);
      const before = shown;
      shown = JSON.stringify([choices.scenarios.map(({ scenario_id }) => scenario_id), choices.pages.map(({ page_path }) => page_path).sort()]);
      if (shown === before) return;
      if (before) render(true); // there is something new to choose from
      else fill(choices);
    },
    failed(error: unknown) {
      if (shown) return; // each panel says it itself
      const { kind, message } = error instanceof AskError ? error : new AskError("refused", String(error));
      if (kind === "away") {
        shown = "without choices"; // the panels that need none go on, the others say what is away
        fill({ scenarios: [], pages: [] });
      } else replace(status, h("strong", {}, t("failed")), h("span", {}, message));
    },
  };
  const load = (signal: AbortSignal) => ask<Choices>("choices", choosable(view, tenant, zone), signal);
  keepAsking(() => told, load, 30, mine);
}

async function arrive(): Promise<void> {
  speak(first(kept("language"), navigator.languages));
  wear(THEMES.find((each: Theme) => each === kept("theme")) ?? "auto");
  const token = location.pathname === "/sign-in" ? tokenOf(location.hash) : "";
  if (token) {
    // Out of the address before anything else happens, and out of the history.
    history.replaceState(null, "", "/sign-in");
    const taken = await signIn(token).catch(() => false);
    if (!taken) return showSignIn(true);
    history.replaceState(null, "", "/");
  }
  await begin();
}

document.addEventListener("signed-out", () => showSignIn(false));
window.addEventListener("popstate", () => {
  view = read(location.pathname, location.search);
  render(false);
});
void arrive();
