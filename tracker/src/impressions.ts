/**
 * Impressions of `data-cs-item` elements: half of it in view for one second without a break, in a tab that can be seen.
 *
 * An element taller than the window counts when it fills half of that. Each item counts once per list and page view.
 */

import { isOff, ITEM, nearest, placeOf, REQUEST } from "./markup";
import { afterChanges, type Reporter, type Watcher } from "./watchers";

export const SHARE = 0.5;
export const DURATION = 1_000;

export class Impressions implements Watcher {
  private readonly reported = new Set<string>();
  private readonly inView = new Set<Element>();
  private readonly timers = new Map<Element, ReturnType<typeof setTimeout>>();
  private readonly watched = new Set<Element>();
  private settled = new WeakSet<Element>();
  private readonly sight: IntersectionObserver;
  private readonly changes: MutationObserver;

  constructor(
    private readonly reporter: Reporter,
    signal: AbortSignal,
  ) {
    this.sight = new IntersectionObserver(
      (entries) => void reporter.safely(() => entries.forEach((entry) => this.moved(entry))),
      { threshold: [0.1, 0.2, 0.3, 0.4, SHARE, 0.75, 1] },
    );
    this.changes = afterChanges(reporter, (records) => this.changed(records));
    signal.addEventListener("abort", () => {
      this.sight.disconnect();
      this.changes.disconnect();
      this.hideAll();
    });
  }

  begin(): void {
    this.reported.clear();
    this.settled = new WeakSet();
    const filter = { childList: true, subtree: true, attributes: true, attributeFilter: [ITEM, REQUEST] };
    this.changes.observe(document.documentElement, filter);
    this.look();
    this.show();
  }

  show(): void {
    for (const element of this.inView) this.wait(element);
  }

  rest(): void {
    this.hideAll(); // `begin` or `show` goes on
  }

  private look(): void {
    for (const element of document.querySelectorAll(`[${ITEM}]`)) {
      if (this.watched.has(element)) continue;
      this.watched.add(element);
      this.sight.observe(element);
    }
  }

  private changed(records: readonly MutationRecord[]): void {
    for (const element of this.watched) {
      if (!element.isConnected) this.forget(element);
    }
    for (const { type, target } of records) {
      // Another item, or another list, in an element that was there before: it is watched from the beginning.
      if (type === "attributes" && target instanceof Element) {
        for (const element of [target, ...target.querySelectorAll(`[${ITEM}]`)]) this.forget(element);
      }
    }
    this.look();
  }

  private forget(element: Element): void {
    this.left(element);
    this.settled.delete(element);
    if (this.watched.delete(element)) this.sight.unobserve(element);
  }

  private moved({ target, isIntersecting, intersectionRatio, intersectionRect, rootBounds }: IntersectionObserverEntry): void {
    const window = rootBounds?.height ?? innerHeight;
    const enough = intersectionRatio >= SHARE || intersectionRect.height >= window * SHARE;
    if (isIntersecting && enough) {
      this.inView.add(target);
      this.wait(target);
    } else this.left(target);
  }

  private left(element: Element): void {
    this.inView.delete(element);
    this.cancel(element);
  }

  private wait(element: Element): void {
    if (this.timers.has(element) || this.settled.has(element) || document.visibilityState !== "visible") return;
    this.timers.set(element, setTimeout(() => this.reporter.safely(() => this.seen(element)), DURATION));
  }

  private cancel(element: Element): void {
    clearTimeout(this.timers.get(element));
    this.timers.delete(element);
  }

  private hideAll(): void {
    for (const element of [...this.timers.keys()]) this.cancel(element);
  }

  private seen(element: Element): void {
    this.cancel(element);
    this.settled.add(element);
    const item = nearest(element, ITEM);
    if (!item || isOff(element)) return;
    const place = placeOf(element);
    const once = JSON.stringify([place.scenario_id, place.request_id, item]);
    if (this.reported.has(once)) return;
    this.reported.add(once);
    this.reporter.report("impression", { ...place, item_id: item });
  }
}
