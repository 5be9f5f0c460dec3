/** What the parts that watch the page share: whom they report to, and when a page view begins and ends. */

import type { Properties } from "./event";

/** Takes what a watcher has seen. */
export interface Reporter {
  /** Reports an event; its id, or undefined where nothing may be collected. */
  report(action: string, properties: Properties): string | undefined;
  /** Runs what may fail in an odd page, so that it never throws into it. */
  safely<T>(work: () => T): T | undefined;
}

/** The page view that is going on. */
export interface PageView {
  /** event_id of its pageview event; empty where none was reported. */
  readonly id: string;
  readonly url: string;
}

/** Watches one kind of behaviour. Listeners that it adds end with the signal that it was made with. */
export interface Watcher {
  /** A page view begins. */
  begin?(page: PageView): void;
  /** The tab can be seen again. */
  show?(): void;
  /** The document is back out of the browser's cache: what it shows is shown anew, in the page view that begins next. */
  back?(): void;
  /** The tab is hidden, or the page view ends: what was gathered is reported now, for there may be no later. */
  rest?(): void;
}

/**
 * An observer that calls back some time after the document has changed, with all changes since.
 *
 * Not at once: the code that makes a page often changes the address as well, and the page view turns first.
 */
export function afterChanges(reporter: Reporter, callback: (records: readonly MutationRecord[]) => void): MutationObserver {
  let records: MutationRecord[] = [];
  return new MutationObserver((more) => {
    if (!records.length) {
      setTimeout(() => {
        const all = records;
        records = [];
        reporter.safely(() => callback(all));
      });
    }
    records.push(...more);
  });
}

/** Adds a listener that cannot throw into the page. */
export function listen(
  reporter: Reporter, target: EventTarget, type: string, signal: AbortSignal, handle: (event: Event) => void,
): void {
  const guarded = (event: Event) => void reporter.safely(() => handle(event));
  target.addEventListener(type, guarded, { capture: true, passive: true, signal });
}
