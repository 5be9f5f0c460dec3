/** For a script tag: starts a tracker with what the tag says, as `window.clickstream`. */

import { optionsOf } from "./options";
import { Tracker } from "./tracker";

declare global {
  interface Window {
    /** The tracker; before the script has loaded an array of calls, such as `["track", "view", { item_id: "p-7" }]`. */
    clickstream?: Tracker | [string, ...unknown[]][];
  }
}

function start(): void {
  const early = window.clickstream;
  if (early && !Array.isArray(early)) return; // the tag stands there twice
  // currentScript is null in a script that another script has added as a module.
  const tag = document.currentScript ?? document.querySelector("script[data-key][src*='tracker']");
  const options = tag instanceof HTMLScriptElement ? optionsOf(tag) : undefined;
  if (!options) {
    console.warn("clickstream: the script tag has no data-key, so nothing is reported");
    return;
  }
  window.clickstream = new Tracker(options, early);
}

try {
  start();
} catch {
  // Whatever it is, the page goes on.
}
