/** The life of a page: page views begin and end, the tab is hidden and shown, the document goes and may come back. */

import { Clicks } from "./clicks";
import { Dwell } from "./dwell";
import type { Properties } from "./event";
import { Impressions } from "./impressions";
import { onNavigation } from "./navigation";
import type { Auto, Options } from "./options";
import { Scroll } from "./scroll";
import { Video } from "./video";
import { Views } from "./views";
import { listen, type PageView, type Reporter, type Watcher } from "./watchers";

/** What the tracker does when the page's life takes a turn. */
export interface Hooks {
  /** The tab is hidden: it may be shown again. */
  hide(): void;
  /** The document goes. */
  close(): void;
  /** It is back, out of the browser's cache. */
  reopen(): void;
  /** The network is back. */
  online(): void;
}

export class Page implements PageView {
  id = "";
  url: string;
  private readonly end = new AbortController();
  private watchers: readonly Watcher[] = [];
  private begun = false;

  constructor(
    private readonly reporter: Reporter,
    private readonly options: Options,
    private readonly wants: (auto: Auto) => boolean,
  ) {
    this.url = this.here();
  }

  /** Begins the first page view, and watches for those that follow. */
  start(hooks: Hooks): void {
    const signal = this.end.signal;
    const scroll = new Scroll(this.reporter, signal, this.wants("scroll"));
    const views = new Views(this.reporter, signal);
    if (this.wants("clicks")) new Clicks(this.reporter, signal);
    this.watchers = [
      views,
      scroll,
      ...(this.wants("impressions") ? [new Impressions(this.reporter, signal)] : []),
      ...(this.wants("video") ? [new Video(this.reporter, signal)] : []),
      ...(this.wants("dwell") ? [new Dwell(this.reporter, () => ({ depth: scroll.depth, item: views.item }))] : []),
    ];
    const on = (target: EventTarget, type: string, handle: (event: Event) => void) =>
      listen(this.reporter, target, type, signal, handle);
    on(document, "visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        this.rest();
        hooks.hide();
      } else this.each((watcher) => watcher.show?.());
    });
    on(window, "pagehide", () => {
      this.rest();
      hooks.close();
    });
    on(window, "pageshow", (event) => {
      if (!(event as PageTransitionEvent).persisted) return;
      hooks.reopen();
      if (!this.wants("pages")) return;
      this.each((watcher) => watcher.back?.());
      // Where the visitor is back from is not known here; where they came from at first is.
      this.turn({ referrer: document.referrer });
    });
    on(window, "online", () => hooks.online());
    if (this.wants("pages")) onNavigation(this.reporter, signal, () => this.moved());
    // A page that the browser renders ahead is seen later, or never.
    const ahead = document as Document & { prerendering?: boolean };
    if (ahead.prerendering) on(document, "prerenderingchange", () => this.first());
    else this.first();
  }

  /** Ends the page view, and begins another. */
  turn(properties: Properties = {}): void {
    if (this.begun) this.rest();
    const referrer = this.begun ? this.url : document.referrer;
    this.url = this.here();
    const said = { url: this.url, referrer, title: document.title, ...properties };
    this.id = this.reporter.report("pageview", said) ?? "";
    this.open();
  }

  /** Takes all listeners away. */
  stop(): void {
    this.end.abort();
  }

  private first(): void {
    if (this.wants("pages")) this.turn();
    else this.open();
  }

  private open(): void {
    this.begun = true;
    this.each((watcher) => watcher.begin?.(this));
  }

  private rest(): void {
    this.each((watcher) => watcher.rest?.());
  }

  private moved(): void {
    if (this.here() !== this.url) this.turn();
  }

  private each(work: (watcher: Watcher) => void): void {
    for (const watcher of this.watchers) this.reporter.safely(() => work(watcher));
  }

  /** The address. What stands behind # is often a mere anchor, and at times a secret: it stays out unless asked for. */
  private here(): string {
    return this.options.hashPages ? location.href : location.href.split("#")[0]!;
  }
}
