/** The item that a page is about (`data-cs-view`): viewed once per page view, whenever the page gets to showing it. */

import { placeOf, VIEW } from "./markup";
import { afterChanges, type Reporter, type Watcher } from "./watchers";

export class Views implements Watcher {
  /** Viewed in this page view; the last one, where there are several. */
  item: string | undefined;
  private readonly viewed = new Set<string>();
  private shown = new WeakMap<Element, string>();
  private readonly changes: MutationObserver;

  constructor(
    private readonly reporter: Reporter,
    signal: AbortSignal,
  ) {
    this.changes = afterChanges(reporter, () => this.look());
    signal.addEventListener("abort", () => this.changes.disconnect());
  }

  begin(): void {
    this.item = undefined;
    this.viewed.clear();
    const filter = { childList: true, subtree: true, attributes: true, attributeFilter: [VIEW] };
    this.changes.observe(document.documentElement, filter);
    this.look();
  }

  back(): void {
    this.shown = new WeakMap();
  }

  private look(): void {
    for (const element of document.querySelectorAll(`[${VIEW}]`)) {
      const item = element.getAttribute(VIEW);
      // An element of the page before may still stand there while the next one is made.
      if (!item || this.viewed.has(item) || this.shown.get(element) === item) continue;
      this.viewed.add(item);
      this.shown.set(element, item);
      this.item = item;
      this.reporter.report("view", { item_id: item, title: document.title, ...placeOf(element) });
    }
  }
}
