/** What several tests share. */

import type { WireEvent } from "../src/event";
import { MemoryStore } from "../src/storage";

/** A store that stands for localStorage: it outlives the objects that use it. */
export class LastingStore extends MemoryStore {
  override readonly lasting = true as never;
}

export function event(number: number, more: Partial<WireEvent> = {}): WireEvent {
  return {
    event_id: `e-${number}`, scenario_id: "home", user_id: "u-1", session_id: "s-1", action_type: "pageview",
    timestamp: Date.now(), viewport_width: 1, viewport_height: 1, platform: "web", ...more,
  };
}

export function ids(events: readonly WireEvent[]): string[] {
  return events.map((each) => each.event_id);
}
