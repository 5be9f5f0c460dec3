import { describe, expect, it } from "vitest";
import { Leases } from "../src/leases";
import { Queue, QUEUE_LIMITS } from "../src/queue";
import { event, ids, LastingStore } from "./kit";

const SMALL = { ...QUEUE_LIMITS, events: 3, batches: 4 };
const PREFIX = "cs:q:";

function filled(count: number, store = new LastingStore(), page = "one"): Queue {
  const queue = new Queue(store, PREFIX, page, SMALL);
  for (let number = 0; number < count; number++) queue.push(event(number));
  return queue;
}

function adopted(store: LastingStore, ended: (page: string) => boolean = () => true): Queue {
  const queue = new Queue(store, PREFIX, "two", SMALL);
  const leases = { ifEnded: (page: string, callback: () => void) => ended(page) && callback() };
  queue.adopt(leases as unknown as Leases, () => undefined);
  return queue;
}

describe("batches", () => {
  it("are full after so many events, or so many characters", () => {
    const queue = new Queue(new LastingStore(), PREFIX, "one", { ...SMALL, bytes: 1000 });
    expect([0, 1, 2].map((number) => queue.push(event(number)))).toEqual([false, false, true]);
    expect(queue.push(event(3, { title: "x".repeat(2000) }))).toBe(true);
    queue.push(event(4));
    queue.push(event(5, { title: "x".repeat(900) }));
    queue.seal();
    expect(queue.all().map((batch) => ids(batch.events))).toEqual([["e-0", "e-1", "e-2"], ["e-3"], ["e-4"], ["e-5"]]);
  });

  it("come oldest first, and only when they are sealed", () => {
    const queue = filled(4);
    const first = queue.next(Date.now())!;
    expect(ids(first.events)).toEqual(["e-0", "e-1", "e-2"]);
    queue.done(first);
    expect(queue.next(Date.now())).toBeUndefined();
    queue.seal();
    expect(ids(queue.next(Date.now())!.events)).toEqual(["e-3"]);
  });

  it("are bounded: the oldest go, and are counted", () => {
    const queue = filled(3 * 6);
    expect([queue.size, queue.dropped]).toEqual([12, 6]);
    expect(ids(queue.next(Date.now())!.events)[0]).toBe("e-6");
  });

  it("lose events that the collector would refuse for their age", () => {
    const queue = filled(2);
    queue.push(event(2, { timestamp: Date.now() + 1000 }));
    expect(ids(queue.next(Date.now() + SMALL.oldest)!.events)).toEqual(["e-2"]);
    expect(queue.dropped).toBe(2);
    expect(queue.next(Date.now() + 2 * SMALL.oldest)).toBeUndefined();
    expect([queue.dropped, queue.size]).toEqual([3, 0]);
  });
});

describe("the next page", () => {
  it("takes over in order what the last one left, also the batch that was being filled", () => {
    const store = new LastingStore();
    filled(3 * 3 + 2, store);
    const queue = adopted(store);
    expect(queue.all().flatMap((batch) => ids(batch.events))).toEqual(Array.from({ length: 11 }, (_, n) => `e-${n}`));
    for (const batch of [...queue.all()]) queue.done(batch);
    expect(store.keys("")).toEqual([]);
  });

  it("puts it before its own", () => {
    const store = new LastingStore();
    filled(3, store);
    const queue = new Queue(store, PREFIX, "two", SMALL);
    queue.push(event(9));
    queue.adopt({ ifEnded: (_: string, callback: () => void) => callback() } as unknown as Leases, () => undefined);
    queue.push(event(10));
    expect(queue.all().map((batch) => ids(batch.events))).toEqual([["e-0", "e-1", "e-2"], ["e-9", "e-10"]]);
  });

  it("leaves alone what a living page has", () => {
    const store = new LastingStore();
    filled(4, store);
    expect(adopted(store, (page) => page !== "one").size).toBe(0);
    expect(store.keys(PREFIX)).toHaveLength(2);
  });

  it("survives what anybody else wrote there", () => {
    const store = new LastingStore();
    for (const [key, value] of Object.entries({ a: "{", b: "null", c: '[1, null, {"timestamp": 5}]', d: "[]" })) {
      store.set(`${PREFIX}${key}:0`, value);
    }
    expect(adopted(store).size).toBe(1);
  });

  it("takes away from a page that comes back what it has adopted", () => {
    const store = new LastingStore();
    const queue = filled(4, store);
    adopted(store);
    queue.recall();
    expect(queue.size).toBe(0);
  });
});

it("keeps events in memory where storage is full", () => {
  class Full extends LastingStore {
    override set(): boolean {
      return false;
    }
  }
  const queue = filled(4, new Full());
  expect(queue.size).toBe(4);
});
