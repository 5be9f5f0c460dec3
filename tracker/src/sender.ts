/** Empties the queue into the transport: one batch at a time, oldest first, again and again until it is answered. */

import type { Batch, Queue } from "./queue";
import type { Transport } from "./transport";

export interface SenderOptions {
  /** Milliseconds that an event waits for others. */
  wait: number;
  /** Longest pause before the second attempt, in milliseconds; it doubles with each further one. */
  base: number;
  /** The longest pause of all. */
  cap: number;
}

export const SENDER_OPTIONS: SenderOptions = { wait: 2_000, base: 1_000, cap: 60_000 };
// What a closing page may have in flight, by the Fetch standard, with room for what was sent before.
const BEACON_BYTES = 60_000;

export class Sender {
  /** Events that the collector has taken. */
  accepted = 0;
  /** Events that it has refused, one by one or as a batch. */
  rejected = 0;
  private failures = 0;
  private busy = false;
  private closed = false;
  private flying: Batch | undefined;
  private waiting: ReturnType<typeof setTimeout> | undefined;
  private pause: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly queue: Queue,
    private readonly transport: Transport,
    private readonly say: (text: string, detail?: unknown) => void,
    private readonly options: SenderOptions = SENDER_OPTIONS,
  ) {}

  /** An event was added. */
  added(full: boolean): void {
    if (full) this.flush();
    else this.waiting ??= setTimeout(() => this.flush(), this.options.wait);
  }

  /** Sends what there is, unless a failed attempt is being waited out. */
  flush(): void {
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.queue.seal();
    if (this.pause === undefined) void this.pump();
  }

  /** Tries again at once: the network is back. */
  retryNow(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.flush();
  }

  /**
   * The page is about to end: hands everything to the browser as beacons.
   *
   * Nobody hears their answers. What outlives the page in storage therefore stays there and is sent again by the next
   * page; what does not is forgotten once a beacon has it.
   */
  close(lasting: boolean): void {
    this.closed = true;
    clearTimeout(this.waiting);
    this.waiting = undefined;
    this.queue.seal();
    let bytes = 0;
    for (const batch of [...this.queue.all()]) {
      const body = JSON.stringify(batch.events);
      bytes += new TextEncoder().encode(body).length;
      if (bytes > BEACON_BYTES) return;
      if (batch === this.flying) continue; // its request outlives the page
      if (!this.transport.beacon(body)) return;
      if (!lasting) this.queue.done(batch);
    }
  }

  /** The page came back out of the browser's cache. */
  reopen(): void {
    this.closed = false;
    this.retryNow();
  }

  /** Sends nothing any more, and plans nothing. */
  stop(): void {
    this.closed = true;
    clearTimeout(this.waiting);
    clearTimeout(this.pause);
    this.waiting = this.pause = undefined;
  }

  private async pump(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (!this.closed && this.pause === undefined && (await this.sendOne()));
    } finally {
      this.busy = false;
    }
  }

  /** False: there is nothing to send, or it failed. */
  private async sendOne(): Promise<boolean> {
    const batch = this.queue.next(Date.now());
    if (!batch) return false;
    const count = batch.events.length;
    const keepalive = !this.failures;
    if (keepalive) this.flying = batch;
    const outcome = await this.transport.send(JSON.stringify(batch.events), keepalive);
    this.flying = undefined;
    if (outcome.kind === "retry") {
      const delay = this.delay(outcome.after);
      this.say(`${outcome.why}: ${count} events are sent again in ${Math.round(delay)} ms`);
      if (!this.closed) this.pause = setTimeout(() => this.retryNow(), delay);
      return false;
    }
    this.failures = 0;
    this.queue.done(batch);
    const refused = outcome.kind === "refused" ? count : outcome.rejected.length;
    this.rejected += refused;
    this.accepted += count - refused;
    if (outcome.kind === "refused") this.say(`status ${outcome.status}: ${count} events are given up`, batch.events);
    else if (refused) this.say(`${refused} of ${count} events were rejected`, outcome.rejected);
    return true;
  }

  /** Exponential backoff with full jitter, on top of what the server asks for: pages do not come back all at once. */
  private delay(least: number): number {
    const longest = Math.min(this.options.cap, this.options.base * 2 ** this.failures++);
    return least + Math.random() * longest;
  }
}
