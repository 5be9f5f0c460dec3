/** Who the visitor is: an anonymous id until a name is given, and the visit that is going on. */

import type { Store } from "./storage";
import { cut } from "./event";
import { uuid7 } from "./uuid";

export const SESSION_MINUTES = 30;

export class Identity {
  constructor(
    private readonly store: Store,
    private readonly prefix: string,
  ) {}

  /** The same on every page of this browser until `reset`. */
  get anonymousId(): string {
    return this.kept("anonymous", uuid7);
  }

  /** What `identify` was told, else the anonymous id. */
  get userId(): string {
    return this.store.get(this.prefix + "user") || this.anonymousId;
  }

  identify(userId: string): void {
    this.store.set(this.prefix + "user", cut(userId, 128));
  }

  /** Somebody else from now on. */
  reset(): void {
    for (const name of ["user", "anonymous", "session"]) this.store.remove(this.prefix + name);
  }

  /** The visit that an event at `now` belongs to: a new one half an hour after the last event of any tab. */
  session(now: number): string {
    const [last, id] = (this.store.get(this.prefix + "session") ?? "").split(" ");
    const idle = now - Number(last);
    // A clock that was set back ends no visit; what cannot be read begins one.
    const session = id && idle < SESSION_MINUTES * 60_000 ? id : uuid7(now);
    this.store.set(this.prefix + "session", `${now} ${session}`);
    return session;
  }

  private kept(name: string, make: () => string): string {
    const key = this.prefix + name;
    const found = this.store.get(key);
    if (found) return found;
    const made = make();
    this.store.set(key, made);
    return made;
  }
}
