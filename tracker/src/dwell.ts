/**
 * How long a page is looked at: custom events `dwell` with watch_duration in seconds and completion_rate, the greatest
 * share of the page that has been seen.
 *
 * The clock runs while the tab can be seen. It is read whenever the tab is hidden, for a hidden tab may never come back;
 * the seconds of one page view are therefore the sum of its dwell events, which name it as `page_view`.
 */

import type { PageView, Reporter, Watcher } from "./watchers";

export class Dwell implements Watcher {
  private page: PageView | undefined;
  private since: number | undefined;
  private seen = 0;

  constructor(
    private readonly reporter: Reporter,
    private readonly state: () => { depth: number; item: string | undefined },
  ) {}

  begin(page: PageView): void {
    this.page = page;
    this.seen = 0;
    this.since = undefined;
    if (document.visibilityState === "visible") this.show();
  }

  show(): void {
    this.since ??= performance.now();
  }

  rest(): void {
    if (this.since !== undefined) this.seen += performance.now() - this.since;
    this.since = undefined;
    if (document.visibilityState === "visible") this.show();
    const seconds = Math.round(this.seen / 1000);
    if (!this.page || seconds < 1) return;
    this.seen -= seconds * 1000; // what was rounded off counts next time
    const { depth, item } = this.state();
    this.reporter.report("dwell", {
      url: this.page.url,
      watch_duration: seconds,
      completion_rate: depth,
      item_id: item,
      page_view: this.page.id,
    });
  }
}
