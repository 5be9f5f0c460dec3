/** Pages of an application that changes its address without loading a document: the History API. */

import { listen, type Reporter } from "./watchers";

/** Calls back after the address may have changed, when the code that changed it has run to its end (and set the title). */
export function onNavigation(reporter: Reporter, signal: AbortSignal, callback: () => void): void {
  let planned: ReturnType<typeof setTimeout> | undefined;
  const changed = () => {
    planned ??= setTimeout(() => {
      planned = undefined;
      if (!signal.aborted) reporter.safely(callback);
    });
  };
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    const patched = function (this: History, ...given: Parameters<History["pushState"]>): void {
      original.apply(this, given);
      changed();
    };
    history[name] = patched;
    signal.addEventListener("abort", () => {
      if (history[name] === patched) history[name] = original;
    });
  }
  listen(reporter, window, "popstate", signal, changed);
  listen(reporter, window, "hashchange", signal, changed);
}
