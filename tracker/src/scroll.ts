/** How far down a page was seen: a custom event `scroll` for each quarter that is reached, with completion_rate. */

import { listen, type PageView, type Reporter, type Watcher } from "./watchers";

export class Scroll implements Watcher {
  /** Greatest share of the page that has been seen in this page view, 0 to 1. */
  depth = 0;
  private reported = 0;
  private page: PageView | undefined;
  private planned = false;

  constructor(
    private readonly reporter: Reporter,
    signal: AbortSignal,
    private readonly reports: boolean,
  ) {
    listen(reporter, document, "scroll", signal, (event) => {
      if (event.target === document) this.plan(() => this.scrolled());
    });
  }

  begin(page: PageView): void {
    this.page = page;
    this.depth = 0;
    this.reported = 0;
    this.plan(() => this.measure()); // an application may still scroll to the top
  }

  private plan(work: () => void): void {
    if (this.planned) return;
    this.planned = true;
    requestAnimationFrame(() => {
      this.planned = false;
      this.reporter.safely(work);
    });
  }

  private measure(): void {
    const height = document.documentElement.scrollHeight;
    if (height > 0) this.depth = Math.min(1, Math.max(this.depth, (scrollY + innerHeight) / height));
  }

  private scrolled(): void {
    this.measure();
    // A pixel short of the end is the end: zoomed pages have fractions of pixels.
    const quarter = Math.floor((this.depth + 0.005) * 4) / 4;
    if (!this.reports || quarter <= this.reported) return;
    this.reported = quarter;
    this.reporter.report("scroll", { completion_rate: quarter, page_view: this.page?.id });
  }
}
