// What is configured: documents of each kind, found, and changed by whoever has the role admin.
import { AskError } from "../ask";
import { keepAsking } from "../asking";
import { type CatalogueKind, type Document, KINDS, type Listed, type Version, address, at, editable, idOf, one, parsed } from "../catalogue";
import { h, replace } from "../dom";
import { Panel } from "../panel";
import { type Table, element } from "../table";
import { t } from "../words";
import { type Given, type MakePage, line, select } from "./page";

const LISTED = "50";
// What was typed and not saved: a page is made anew when there is something new to choose from.
const drafts = new Map<string, string>();

export const catalogue: MakePage = (given) => {
  const { view } = given;
  const kind = KINDS.find((each) => each === view.own.of) ?? "scenarios";
  const parts: HTMLElement[] = [];
  const list = listOf(given, kind);
  if (view.own.id || view.own.new) parts.push(editorOf(given, kind, view.own.new ? null : (view.own.id ?? ""), list.now));
  return [...parts, list.element];
};

function listOf(given: Given, kind: CatalogueKind): { element: HTMLElement; now: () => void } {
  const own = given.view.own;
  const kinds = KINDS.map((value) => ({ value, label: t(`of_${value}`) }));
  const controls = [
    select("documents", "of", kinds, kind, (of) => given.go({ of })),
    ...(kind === "items" ? [line("search", "q", own.q ?? "", t("searchHint"), [], (q) => given.go({ of: kind, q }))] : []),
    ...(isAdmin(given) ? [h("button", { type: "button", name: "new", onclick: () => given.go({ of: kind, new: "1" }) }, t("newDocument"))] : []),
  ];
  const panel: Panel<Listed> = new Panel<Listed>(
    {
      name: "catalogue",
      title: t(`of_${kind}`),
      controls,
      zone: given.zone,
      isEmpty: ({ documents }) => documents.length === 0,
      table: ({ documents }) => tableOf(kind, documents),
      draw: ({ documents, next }, into) => {
        const table = element(tableOf(kind, documents), given.zone);
        [...(table.tBodies[0]?.rows ?? [])].forEach((row, number) => {
          const id = idOf(kind, documents[number] ?? {});
          const cell = row.cells[0];
          if (cell) replace(cell, h("button", { type: "button", class: "quiet", onclick: () => given.go({ ...own, of: kind, new: "", id }) }, id));
        });
        const more = next === null ? null : h("button", { type: "button", onclick: () => given.go({ of: kind, after: next }) }, t("nextPage"));
        replace(into, h("div", { class: "scroll" }, table), more);
      },
    },
    () => asking.now(),
  );
  const where = address(given.tenant, kind, "", { limit: LISTED, q: own.q ?? "", after: own.after ?? "" });
  const asking = keepAsking(() => panel, (signal) => at<Listed>("GET", where, undefined, undefined, signal), null, given.life);
  return { element: panel.element, now: () => asking.now() };
}

export function tableOf(kind: CatalogueKind, documents: readonly Document[]): Table {
  return {
    caption: t(`of_${kind}`),
    columns: [
      { name: t("documentId"), unit: "text" },
      { name: t("documentName"), unit: "text" },
      { name: t(kind === "models" ? "activeOfLatest" : "state"), unit: "text" },
      { name: t("revision"), unit: "count" },
      { name: t("changedAt"), unit: "moment" },
    ],
    rows: documents.map((each) => [
      idOf(kind, each),
      String(each.name ?? each.title ?? ""),
      kind === "models" ? `${each.version as number} / ${each.latest_version as number}` : String(each.status ?? ""),
      each.revision,
      Date.parse(each.updated_at),
    ]),
  };
}

/** `id` is null for a new document. */
function editorOf(given: Given, kind: CatalogueKind, id: string | null, changed: () => void): HTMLElement {
  const key = [given.tenant, kind, id ?? ""].join("\n");
  const own = given.view.own;
  let document: Document | null = null;
  const said = h("p", { class: "status", role: "status" }, id === null ? "" : t("loading"));
  const text = h("textarea", { name: "document", rows: 18, spellcheck: "false", "aria-label": t("documentText"), readonly: !isAdmin(given), oninput: () => drafts.set(key, text.value) });
  const versions = h("div", { class: "versions" });
  const close = () => given.go({ ...own, of: kind, id: "", new: "" });
  const load = async (signal: AbortSignal) => {
    if (id === null) return;
    document = await at<Document>("GET", address(given.tenant, kind, one(id)), undefined, undefined, signal);
    if (!drafts.has(key)) text.value = editable(kind, document);
    if (kind === "models") await showVersions(document, signal);
  };
  const showVersions = async (model: Document, signal: AbortSignal) => {
    const found = await at<Version[]>("GET", address(given.tenant, kind, `${one(idOf(kind, model))}/versions`), undefined, undefined, signal);
    const rows = found.map(({ version }) => {
      const active = version === model.version;
      const activate = () => act(() => at("POST", address(given.tenant, kind, `${one(idOf(kind, model))}/activate`), { version }, model.revision));
      const offered = !active && isAdmin(given);
      return h("li", {}, t("versionNumber", { version }), " ", active ? t("activeVersion") : null, offered ? h("button", { type: "button", class: "quiet", onclick: () => void activate() }, t("activate")) : null);
    });
    replace(versions, h("ul", {}, ...rows));
  };
  const tell = (what: string, how = "") => {
    said.dataset.kind = how;
    replace(said, what);
  };
  const why = (error: unknown) => (error instanceof Error && error.message ? error.message : t("unreachable"));
  /** Change something, say how it went, and show what is there now. */
  const act = async (step: () => Promise<unknown>, after: () => void = () => undefined) => {
    tell(t("loading"));
    try {
      await step();
      drafts.delete(key);
      after();
      await load(given.life.signal);
      changed();
      tell(t("saved"));
    } catch (error) {
      if (given.life.signal.aborted) return;
      if (error instanceof AskError && error.kind === "signed-out") globalThis.document.dispatchEvent(new Event("signed-out"));
      tell(why(error), "alarm");
    }
  };
  const save = () =>
    act(
      async () => {
        const made = parsed(kind, text.value, id);
        await at("PUT", address(given.tenant, kind, one(idOf(kind, made))), made, document?.revision ?? 0);
      },
      () => id === null && given.go({ of: kind, id: idOf(kind, parsed(kind, text.value, null)) }),
    );
  const remove = () => {
    if (id !== null && globalThis.confirm(t("reallyRemove", { id }))) void act(() => at("DELETE", address(given.tenant, kind, one(id)), undefined, document?.revision), close);
  };
  text.value = drafts.get(key) ?? (id === null ? editable(kind, null) : "");
  const told = {
    answered: () => tell(""),
    failed: (error: unknown) => tell(error instanceof AskError && error.kind === "away" ? `${why(error)} ${t("tryingAgain")}` : why(error), "alarm"),
  };
  const asking = id === null ? null : keepAsking(() => told, load, null, given.life);
  /** What is stored, instead of what was typed. */
  const reload = () => {
    drafts.delete(key);
    tell(t("loading"));
    asking?.now();
  };
  const buttons = isAdmin(given)
    ? [h("button", { type: "button", name: "save", onclick: () => void save() }, t("save")), id === null ? null : h("button", { type: "button", name: "reload", onclick: reload }, t("reload")), id === null ? null : h("button", { type: "button", name: "remove", onclick: remove }, t("remove"))]
    : [];
  return h(
    "section",
    { class: "panel editor", "data-panel": "document", "aria-label": id ?? t("newDocument") },
    h("header", {}, h("h2", {}, id ?? t("newDocument")), h("div", { class: "controls" }, ...buttons, h("button", { type: "button", class: "quiet", onclick: () => (drafts.delete(key), close()) }, t("close")))),
    said,
    text,
    versions,
  );
}

function isAdmin(given: Given): boolean {
  return given.session.roles.includes("admin");
}
