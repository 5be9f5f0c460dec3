/** For bundlers: `import { createTracker } from "@clickstream/tracker"`. */

import type { Options } from "./options";
import { Tracker } from "./tracker";

export { ACTIONS, type Action, type Fields, type Properties } from "./event";
export { AUTO, type Auto, type Options } from "./options";
export { Tracker, type Status } from "./tracker";

/** Starts a tracker. One a page is enough. */
export function createTracker(options: Options): Tracker {
  return new Tracker(options);
}
