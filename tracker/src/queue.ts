/**
 * Events that are not yet acknowledged, in batches, in storage.
 *
 * Each page (a tab's visit to a document) writes entries of its own, one a batch, so that tabs never overwrite each
 * other and a long queue is not rewritten with every event. What a page leaves behind, because it was reloaded, closed
 * or killed, the next page adopts. An adopted batch keeps its events' ids: sent twice it counts once.
 */

import type { WireEvent } from "./event";
import type { Leases } from "./leases";
import type { Store } from "./storage";

/** A batch. Sealed, it does not change any more, so that a retry sends what was sent before. */
export interface Batch {
  readonly key: string;
  readonly events: WireEvent[];
  bytes: number;
  sealed: boolean;
}

export interface QueueLimits {
  /** Events that fill a batch. */
  events: number;
  /** JSON characters that fill a batch: with those of another it stays below what a browser lets a closing page send. */
  bytes: number;
  /** Batches that are kept; the oldest go first. */
  batches: number;
  /** Milliseconds after which the collector refuses an event anyhow. */
  oldest: number;
}

export const QUEUE_LIMITS: QueueLimits = { events: 10, bytes: 24_000, batches: 100, oldest: 7 * 24 * 3_600_000 };

export class Queue {
  /** Events that were given up: the queue was full, or they became too old. */
  dropped = 0;
  private readonly batches: Batch[] = [];
  private count = 0;

  constructor(
    private readonly store: Store,
    private readonly prefix: string,
    readonly page: string,
    private readonly limits: QueueLimits = QUEUE_LIMITS,
  ) {}

  /** Events that wait. */
  get size(): number {
    return this.batches.reduce((sum, batch) => sum + batch.events.length, 0);
  }

  /** Adds an event; true when its batch is full. */
  push(event: WireEvent): boolean {
    const bytes = JSON.stringify(event).length;
    let open = this.open();
    if (open && open.bytes + bytes > this.limits.bytes) {
      open.sealed = true;
      open = undefined;
    }
    if (!open) {
      open = { key: `${this.prefix}${this.page}:${this.count++}`, events: [], bytes: 0, sealed: false };
      this.batches.push(open);
      this.bound();
    }
    open.events.push(event);
    open.bytes += bytes;
    open.sealed = open.events.length >= this.limits.events || open.bytes >= this.limits.bytes;
    this.save(open);
    return open.sealed;
  }

  /** Closes the batch that is being filled. */
  seal(): void {
    const open = this.open();
    if (open) open.sealed = true;
  }

  /** The oldest sealed batch, without events that have become too old. */
  next(now: number): Batch | undefined {
    for (;;) {
      const [batch] = this.batches;
      if (!batch?.sealed) return undefined;
      const young = batch.events.filter((event) => now - event.timestamp < this.limits.oldest);
      this.dropped += batch.events.length - young.length;
      if (young.length) {
        batch.events.splice(0, Infinity, ...young);
        return batch;
      }
      this.done(batch);
    }
  }

  /** Every batch that waits, oldest first. */
  all(): readonly Batch[] {
    return this.batches;
  }

  /** Forgets a batch: it is acknowledged, or refused for good. */
  done(batch: Batch): void {
    const index = this.batches.indexOf(batch);
    if (index >= 0) this.batches.splice(index, 1);
    this.store.remove(batch.key);
  }

  /** Forgets everything, of other pages too. */
  clear(): void {
    this.batches.length = 0;
    for (const key of this.store.keys(this.prefix)) this.store.remove(key);
  }

  /** Takes over what pages that have ended have left; calls back when there was something. */
  adopt(leases: Leases, found: () => void): void {
    const pages = new Set(this.store.keys(this.prefix).map((key) => this.pageOf(key)));
    pages.delete(this.page);
    for (const page of pages) {
      leases.ifEnded(page, () => {
        if (this.take(page)) found();
      });
    }
  }

  /** After the page came back from the browser's cache: what another page has adopted meanwhile is no longer ours. */
  recall(): void {
    if (!this.store.lasting) return;
    for (const batch of [...this.batches]) {
      if (this.store.get(batch.key) === null) this.batches.splice(this.batches.indexOf(batch), 1);
    }
  }

  private open(): Batch | undefined {
    const last = this.batches[this.batches.length - 1];
    return last && !last.sealed ? last : undefined;
  }

  private bound(): void {
    while (this.batches.length > this.limits.batches) {
      const oldest = this.batches[0]!;
      this.dropped += oldest.events.length;
      this.done(oldest);
    }
  }

  private save(batch: Batch): void {
    this.store.set(batch.key, JSON.stringify(batch.events));
  }

  private pageOf(key: string): string {
    return key.slice(this.prefix.length).split(":")[0]!;
  }

  private take(page: string): boolean {
    const keys = this.store.keys(`${this.prefix}${page}:`);
    keys.sort((one, other) => Number(one.split(":").pop()) - Number(other.split(":").pop()));
    const adopted: Batch[] = [];
    for (const key of keys) {
      const text = this.store.get(key);
      this.store.remove(key);
      const events = readEvents(text);
      if (!events.length) continue;
      const batch = { key: `${this.prefix}${this.page}:${this.count++}`, events, bytes: text!.length, sealed: true };
      this.save(batch);
      adopted.push(batch);
    }
    this.batches.unshift(...adopted); // they are older than anything of this page
    this.bound();
    return adopted.length > 0;
  }
}

// Anybody may have written to localStorage, an older version of this script included.
function readEvents(text: string | null): WireEvent[] {
  try {
    const found: unknown = JSON.parse(text ?? "");
    return Array.isArray(found) ? found.filter((event) => typeof event?.timestamp === "number") : [];
  } catch {
    return [];
  }
}
