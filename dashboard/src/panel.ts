// One panel of a page: a title, what is shown, the same as a table and as a file, and the state that it is in.
import { AskError } from "./ask";
import { type Condition, LOADING, answered, failed } from "./condition";
import { append, h, replace } from "./dom";
import { clock } from "./format";
import * as tables from "./table";
import { t, type Word } from "./words";

export interface Shape<T> {
  /** Names the panel in the page and its file. */
  readonly name: string;
  readonly title: string;
  readonly note?: string;
  readonly controls?: readonly HTMLElement[];
  readonly zone: string;
  isEmpty(answer: T): boolean;
  table(answer: T): tables.Table;
  /** Fills the panel's body; left out: the table itself is what is shown. */
  draw?(answer: T, into: HTMLElement): void;
  /** Whether what is drawn is the table already. */
  readonly drawsTable?: boolean;
}

export class Panel<T> {
  readonly element: HTMLElement;
  private condition: Condition<T> = LOADING;
  private readonly status = h("p", { class: "status", role: "status" });
  private readonly body = h("div", { class: "body" });
  private readonly numbers = h("div", { class: "scroll", tabindex: 0 });
  private readonly details: HTMLDetailsElement;
  private readonly file: HTMLButtonElement;
  private readonly asOf = h("span", { class: "as-of" });

  constructor(
    private readonly shape: Shape<T>,
    private readonly retry: () => void,
  ) {
    const id = `panel-${shape.name}`;
    this.file = h(
      "button",
      { type: "button", class: "quiet", "aria-label": t("downloadLabel", { what: shape.title }), onclick: () => this.download() },
      t("download"),
    );
    this.details = h("details", { class: "numbers" }, h("summary", {}, t("numbers")), this.numbers);
    this.numbers.setAttribute("aria-label", shape.title);
    this.numbers.setAttribute("role", "region");
    this.element = h(
      "section",
      { class: "panel", "data-panel": shape.name, "aria-labelledby": id },
      h(
        "header",
        {},
        h("h2", { id }, shape.title),
        h("div", { class: "controls" }, ...(shape.controls ?? []), this.asOf, this.file),
      ),
      shape.note ? h("p", { class: "note" }, shape.note) : null,
      this.status,
      this.body,
      shape.draw && !shape.drawsTable ? this.details : null,
    );
    this.show();
  }

  /** Whether something is shown that can be replaced. */
  get answer(): T | undefined {
    return "answer" in this.condition ? this.condition.answer : undefined;
  }

  answered(answer: T): void {
    this.condition = answered(answer, this.shape.isEmpty(answer), Date.now());
    this.show();
  }

  failed(error: unknown): void {
    this.condition = failed(this.condition, error instanceof AskError ? error : new AskError("refused", String(error)));
    this.show();
  }

  private show(): void {
    const now = this.condition;
    this.element.dataset.state = now.name;
    this.element.setAttribute("aria-busy", String(now.name === "loading"));
    const has = now.name === "ready" || now.name === "stale";
    this.file.hidden = this.details.hidden = !has;
    this.asOf.textContent = "at" in now ? clock(now.at, this.shape.zone) : "";
    this.asOf.title = "at" in now ? t("updated", { at: clock(now.at, this.shape.zone) }) : "";
    this.tell();
    if (now.name === "ready") {
      const table = tables.element(this.shape.table(now.answer), this.shape.zone);
      if (this.shape.draw) {
        this.shape.draw(now.answer, this.body);
        replace(this.numbers, table);
      } else {
        replace(this.numbers, table);
        if (!this.numbers.isConnected || this.numbers.parentElement !== this.body) replace(this.body, this.numbers);
      }
    } else if (now.name !== "stale") {
      this.body.replaceChildren();
      if (now.name === "loading") append(this.body, [h("div", { class: "skeleton" })]);
    }
  }

  /** The status line. It is left alone while it stays the same: a screen reader would say it again. */
  private tell(): void {
    const now = this.condition;
    const parts: (string | Node)[] = [];
    if (now.name === "loading") parts.push(h("span", { class: "unseen" }, t("loading")));
    if (now.name === "empty") parts.push(h("strong", {}, t("noData")), h("span", {}, t("noDataHint")));
    if (now.name === "stale") parts.push(h("strong", {}, t("staleSince", { at: clock(now.at, this.shape.zone) })), h("span", {}, now.detail || t("unreachable")), h("span", {}, t("tryingAgain")));
    if (now.name === "error") {
      const why: Word | null = now.kind === "forbidden" ? "forbidden" : now.kind === "away" && !now.detail ? "unreachable" : null;
      parts.push(h("strong", {}, t("failed")), h("span", {}, why ? t(why) : now.detail));
      if (now.kind === "away") parts.push(h("span", {}, t("tryingAgain")), h("button", { type: "button", onclick: () => this.retry() }, t("retry")));
    }
    const text = parts.map((part) => (typeof part === "string" ? part : part.textContent)).join(" ");
    if (text !== this.status.dataset.said) {
      this.status.dataset.said = text;
      replace(this.status, ...parts);
    }
  }

  private download(): void {
    if (this.answer === undefined) return;
    const made = new Blob([tables.csv(this.shape.table(this.answer))], { type: "text/csv;charset=utf-8" });
    const link = h("a", { href: URL.createObjectURL(made), download: `${this.shape.name}.csv` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
