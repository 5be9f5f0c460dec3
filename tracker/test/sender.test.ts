import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Queue, QUEUE_LIMITS } from "../src/queue";
import { Sender } from "../src/sender";
import type { Outcome, Transport } from "../src/transport";
import { event, LastingStore } from "./kit";

/** Answers as it is told, and remembers what it was given. */
class Scripted {
  sent: { body: string; keepalive: boolean; at: number }[] = [];
  beacons: string[] = [];
  answers: Outcome[] = [];

  send(body: string, keepalive: boolean): Promise<Outcome> {
    this.sent.push({ body, keepalive, at: Date.now() });
    return Promise.resolve(this.answers.shift() ?? { kind: "accepted", rejected: [] });
  }

  beacon(body: string): boolean {
    this.beacons.push(body);
    return true;
  }
}

const retry = (after = 0): Outcome => ({ kind: "retry", after, why: "status 503" });
let transport: Scripted, queue: Queue, sender: Sender, said: string[];

function add(count: number): void {
  for (let number = 0; number < count; number++) sender.added(queue.push(event(number)));
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  transport = new Scripted();
  queue = new Queue(new LastingStore(), "q:", "one", { ...QUEUE_LIMITS, events: 10 });
  said = [];
  sender = new Sender(queue, transport as unknown as Transport, (text) => said.push(text));
});
afterEach(() => void vi.useRealTimers());

describe("when it sends", () => {
  it("is after ten events", async () => {
    add(10);
    await vi.advanceTimersByTimeAsync(0);
    expect(transport.sent.map(({ body }) => JSON.parse(body).length)).toEqual([10]);
    expect(sender.accepted).toBe(10);
  });

  it("or after two seconds", async () => {
    add(3);
    await vi.advanceTimersByTimeAsync(1999);
    expect(transport.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(transport.sent).toHaveLength(1);
  });
});

describe("a failure", () => {
  it("is tried again with the same events, later and later, up to a cap", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    transport.answers = Array.from({ length: 9 }, () => retry());
    add(10);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(new Set(transport.sent.map(({ body }) => body)).size).toBe(1);
    const pauses = transport.sent.slice(1).map(({ at }, index) => (at - transport.sent[index]!.at) / 1000);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(queue.size).toBe(0);
  });

  it("is waited out for a random part of that, so that pages do not come back all at once", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.25);
    transport.answers = [retry(), retry()];
    add(10);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(transport.sent.map(({ at }) => at - 1_700_000_000_000)).toEqual([0, 250, 750]);
  });

  it("is not waited out for less than the server asks for", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    transport.answers = [retry(30_000)];
    add(10);
    await vi.advanceTimersByTimeAsync(30_499);
    expect(transport.sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(transport.sent).toHaveLength(2);
  });

  it("holds what comes meanwhile back, and order stays", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    transport.answers = [retry()];
    add(25);
    await vi.advanceTimersByTimeAsync(900);
    expect(transport.sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(transport.sent.map(({ body }) => JSON.parse(body).length)).toEqual([10, 10, 10, 5]);
  });

  it("ends its pause when the network is back", async () => {
    transport.answers = [retry(60_000)];
    add(10);
    await vi.advanceTimersByTimeAsync(10);
    sender.retryNow();
    await vi.advanceTimersByTimeAsync(0);
    expect(transport.sent).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(transport.sent).toHaveLength(2);
  });

  it("lets the second attempt go without keepalive, of which a browser has only so much", async () => {
    transport.answers = [retry()];
    add(10);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(transport.sent.map(({ keepalive }) => keepalive)).toEqual([true, false]);
  });

  it("that is for good is not tried again, and is counted", async () => {
    transport.answers = [{ kind: "refused", status: 400 }, { kind: "accepted", rejected: [{ index: 1, reason: "empty" }] }];
    add(20);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(transport.sent).toHaveLength(2);
    expect([sender.accepted, sender.rejected]).toEqual([9, 11]);
    expect(said).toEqual(["status 400: 10 events are given up", "1 of 10 events were rejected"]);
  });
});

describe("a page that goes", () => {
  it("hands everything over, and keeps it where it outlives the page", async () => {
    transport.answers = [retry()];
    add(13);
    await vi.advanceTimersByTimeAsync(0);
    sender.close(true);
    expect(transport.beacons.map((body) => JSON.parse(body).length)).toEqual([10, 3]);
    expect(queue.size).toBe(13);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(transport.sent).toHaveLength(1);
  });

  it("forgets what a beacon has where nothing outlives it", () => {
    add(3);
    sender.close(false);
    expect([transport.beacons.length, queue.size]).toEqual([1, 0]);
  });

  it("does not send a second time what is under way", () => {
    add(13);
    sender.close(true);
    expect(transport.sent).toHaveLength(1);
    expect(transport.beacons.map((body) => JSON.parse(body).length)).toEqual([3]);
  });

  it("hands over no more than a browser takes", () => {
    for (let number = 0; number < 30; number++) queue.push(event(number, { title: "é".repeat(1000) }));
    sender.close(true);
    const bytes = transport.beacons.reduce((sum, body) => sum + new TextEncoder().encode(body).length, 0);
    expect(bytes).toBeGreaterThan(30_000);
    expect(bytes).toBeLessThan(60_000);
  });

  it("sends again when it comes back", async () => {
    add(3);
    sender.close(true);
    sender.reopen();
    await vi.advanceTimersByTimeAsync(0);
    expect(transport.sent).toHaveLength(1);
    expect(queue.size).toBe(0);
  });
});
