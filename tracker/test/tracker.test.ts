// @vitest-environment happy-dom
/** The tracker as a page calls it, in a simulated browser: whatever it sends is caught in `sent`. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ConsentKeeper } from "../src/consent";
import type { Options } from "../src/options";
import type { WireEvent } from "../src/event";
import { Tracker } from "../src/tracker";

const BASE: Options = { key: "wk", endpoint: "https://c.example/api/v1/behaviors", scenario: "home", auto: [] };
let sent: WireEvent[], urls: string[], beacons: WireEvent[], status: number;
const trackers: Tracker[] = [];

function start(options: Partial<Options> = {}, early: [string, ...unknown[]][] = []): Tracker {
  const tracker = new Tracker({ ...BASE, ...options }, early);
  trackers.push(tracker);
  return tracker;
}

/** Ends a page as a browser does, and with it all that was in memory. */
function leave(tracker: Tracker): void {
  window.dispatchEvent(new Event("pagehide"));
  tracker.stop();
}

async function settle(milliseconds = 2_000): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
}

function signal(name: string, value: unknown): void {
  Object.defineProperty(navigator, name, { configurable: true, get: () => value });
}

const MINUTE = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  localStorage.clear();
  [sent, urls, beacons, status] = [[], [], [], 202];
  vi.stubGlobal("fetch", async (url: string, { body }: { body: string }) => {
    urls.push(url);
    if (status === 202) sent.push(...(JSON.parse(body) as WireEvent[]));
    return new Response('{"accepted": 1, "rejected": []}', { status });
  });
  navigator.sendBeacon = (_url, body) => beacons.push(...(JSON.parse(body as string) as WireEvent[])) > 0;
  signal("doNotTrack", null);
  signal("globalPrivacyControl", undefined);
});

afterEach(() => {
  for (const tracker of trackers.splice(0)) tracker.stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("an event", () => {
  it("has what the collector asks for", async () => {
    const id = start().track("view", { itemId: "p-7", position: 2, colour: "red" });
    await settle();
    expect(sent).toEqual([
      {
        event_id: id, scenario_id: "home", user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        session_id: expect.stringMatching(/^[0-9a-f-]{36}$/), action_type: "view", item_id: "p-7", position: 2,
        timestamp: 1_700_000_000_000, platform: "web", url: location.href,
        viewport_width: innerWidth, viewport_height: innerHeight, extra_data: { colour: "red" },
      },
    ]);
    expect(urls).toEqual(["https://c.example/api/v1/behaviors?key=wk"]);
  });

  it("may be one object, as the first trackers had it", async () => {
    start().track({ action: "conversion", itemId: "p-1", userId: "u-9", tenantId: "t", scenarioId: "cart" });
    await settle();
    expect(sent[0]).toMatchObject({
      action_type: "order", item_id: "p-1", user_id: "u-9", tenant_id: "t", scenario_id: "cart",
    });
  });

  it("carries the experiment until there is none", async () => {
    const tracker = start();
    tracker.experiment("ranker", "b");
    tracker.track("like", { item_id: "p-1" });
    tracker.track("like", { item_id: "p-1", experiment_group: "a" });
    tracker.experiment();
    tracker.track("like", { item_id: "p-1" });
    await settle();
    expect(sent.map((event) => event.experiment_group)).toEqual(["b", "a", undefined]);
  });

  it("loses extra_data that no collector would take, and nothing else", async () => {
    start().track("note", { text: "é".repeat(5000) });
    await settle();
    expect([sent.length, sent[0]!.extra_data, sent[0]!.event_name]).toEqual([1, undefined, "note"]);
  });
});

describe("visitors", () => {
  it("keep their id on every page, and a session for half an hour of quiet", async () => {
    const tracker = start();
    tracker.track("a");
    await settle(29 * MINUTE);
    tracker.track("b");
    tracker.stop();
    const next = start();
    await settle(29 * MINUTE);
    next.track("c");
    await settle(30 * MINUTE);
    next.track("d");
    await settle();
    const [a, b, c, d] = sent as [WireEvent, WireEvent, WireEvent, WireEvent];
    expect(new Set(sent.map((event) => event.user_id)).size).toBe(1);
    expect([b.session_id, c.session_id]).toEqual([a.session_id, a.session_id]);
    expect(d.session_id).not.toBe(a.session_id);
  });

  it("get a name, which later pages know, and lose it", async () => {
    const tracker = start();
    tracker.track("before");
    tracker.identify(42);
    tracker.track("after");
    tracker.stop();
    const next = start();
    next.track("later");
    next.reset();
    next.track("somebody else");
    await settle();
    const of = (name: string) => sent.find((event) => event.event_name === name)!;
    const anonymous = of("before").user_id;
    expect([of("after"), of("later")].map((event) => event.user_id)).toEqual(["42", "42"]);
    expect(of("identify").extra_data).toEqual({ anonymous_id: anonymous });
    expect(of("later").extra_data).toEqual({ anonymous_id: anonymous });
    expect(of("somebody else").user_id).not.toBe(anonymous);
    expect(of("somebody else").session_id).not.toBe(of("later").session_id);
    expect(of("somebody else").extra_data).toBeUndefined();
  });

  it("leave nothing behind in cookieless mode", async () => {
    const tracker = start({ cookieless: true });
    tracker.track("a");
    tracker.identify("u-1");
    expect(localStorage.length).toBe(0);
    leave(tracker);
    expect(beacons.map((event) => event.event_name)).toEqual(["a", "identify"]);
    start({ cookieless: true }).track("b");
    await settle();
    expect(sent.map((event) => event.event_name)).toEqual(["b"]);
    expect(sent[0]!.user_id).not.toBe(beacons[0]!.user_id);
    expect(localStorage.length).toBe(0);
  });
});

describe("consent", () => {
  it("that is required is waited for: nothing is kept or sent, and nothing is lost", async () => {
    const tracker = start({ requireConsent: true, auto: ["pages"] });
    tracker.track("a");
    await settle(60_000);
    expect([sent.length, localStorage.length, tracker.status().consent]).toEqual([0, 0, "pending"]);
    tracker.consent(true);
    await settle(0);
    expect(sent.map((event) => event.event_name ?? event.action_type)).toEqual(["pageview", "a"]);
    expect(urls).toEqual(["https://c.example/api/v1/behaviors?key=wk&consent=1"]);
    tracker.stop();
    expect(start({ requireConsent: true }).status().consent).toBe("granted");
  });

  it("that is refused erases everything, also for later pages", async () => {
    status = 503;
    const tracker = start();
    tracker.identify("u-1");
    await settle();
    expect(localStorage.length).toBeGreaterThan(2);
    tracker.consent(false);
    expect(tracker.track("b")).toBeUndefined();
    expect(Object.keys(localStorage)).toEqual(["cs-consent"]);
    leave(tracker);
    status = 202;
    start().track("c");
    await settle(600_000);
    expect([sent, beacons]).toEqual([[], []]);
  });

  it("that is refused holds where nothing is kept on the device", async () => {
    const tracker = start({ cookieless: true });
    tracker.track("a");
    tracker.consent(false);
    expect([tracker.status().consent, tracker.track("b")]).toEqual(["denied", undefined]);
    leave(tracker);
    await settle(60_000);
    expect([sent, beacons, localStorage.length]).toEqual([[], [], 0]);
  });

  it("that is refused lets go of the page's lock, of which there is one at a time", async () => {
    const held = new Set<string>();
    const request = async (name: string, hold: () => Promise<void>) => {
      held.add(name);
      await hold();
      held.delete(name);
    };
    Object.defineProperty(navigator, "locks", { configurable: true, value: { request } });
    const tracker = start();
    expect(held.size).toBe(1);
    tracker.consent(false);
    await settle(0);
    expect(held.size).toBe(0);
    Reflect.deleteProperty(navigator, "locks");
  });

  it("that was refused may be given, and the page is counted then", async () => {
    const tracker = start({ auto: ["pages"] });
    await settle();
    tracker.consent(false);
    sent.length = 0;
    tracker.consent(true);
    await settle();
    expect(sent.map((event) => event.action_type)).toEqual(["pageview"]);
  });

  it.each([["doNotTrack", "1"], ["globalPrivacyControl", true]])("is refused by %s", async (name, value) => {
    start().track("before");
    await settle();
    signal(name, value);
    const tracker = start();
    expect([tracker.track("a"), tracker.status().userId, localStorage.length]).toEqual([undefined, null, 0]);
    expect(start({ ignoreSignals: true }).track("b")).toBeDefined();
    tracker.consent(true);
    expect(tracker.track("c")).toBeDefined();
  });
});

it("sends what there is when the tab is hidden: it may never be shown again", async () => {
  const tracker = start();
  tracker.track("a");
  await settle(0);
  expect(sent).toEqual([]);
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
  await settle(0);
  expect(sent.map((event) => event.event_name)).toEqual(["a"]);
  Reflect.deleteProperty(document, "visibilityState");
});

describe("pages", () => {
  it("are those of the History API, with the title that they have then", async () => {
    start({ auto: ["pages"] });
    const first = location.href;
    history.pushState({}, "", "/cart");
    document.title = "Cart";
    await settle(0);
    history.replaceState({ scroll: 5 }, "");
    history.pushState({}, "", "/cart#anchor");
    await settle();
    expect(sent.map(({ url, referrer, title }) => [url, referrer, title])).toEqual([
      [first, undefined, undefined],
      [new URL("/cart", first).href, first, "Cart"],
    ]);
    history.pushState({}, "", "/");
    document.title = "";
  });

  it("are also those that replace another, and those that the visitor goes back to", async () => {
    start({ auto: ["pages"] });
    history.replaceState({}, "", "/replaced");
    await settle(0);
    History.prototype.replaceState.call(history, {}, "", "/"); // as a browser does it, without the script
    window.dispatchEvent(new PopStateEvent("popstate"));
    await settle();
    expect(sent.map(({ url }) => new URL(url!).pathname)).toEqual(["/", "/replaced", "/"]);
  });

  it("are told apart by what stands behind # where they are asked to be", async () => {
    start({ auto: ["pages"], hashPages: true });
    history.pushState({}, "", "/#/cart");
    await settle();
    expect(sent.map(({ url }) => new URL(url!).hash)).toEqual(["", "#/cart"]);
    history.pushState({}, "", "/");
  });

  it("know the calls that were made before there was a tracker", async () => {
    start({ auto: ["pages"] }, [["identify", "u-1"], ["track", "view", { item_id: "p-1" }], ["nonsense"], ["stop"]]);
    await settle();
    expect(sent.map((event) => [event.action_type, event.user_id])).toEqual([
      ["custom", "u-1"], ["view", "u-1"], ["pageview", "u-1"],
    ]);
  });
});

describe("a page that ends", () => {
  it("leaves what is not acknowledged to the next one, under the same ids", async () => {
    status = 503;
    const tracker = start();
    const ids = Array.from({ length: 13 }, () => tracker.track("a"));
    await settle(0);
    leave(tracker);
    status = 202;
    const next = start();
    ids.push(next.track("b"));
    await settle();
    expect(sent.map((event) => event.event_id)).toEqual(ids);
    expect(new Set(beacons.map((event) => event.event_id))).toEqual(new Set(ids.slice(0, 13)));
    expect(next.status()).toMatchObject({ queued: 0, accepted: 14, rejected: 0, dropped: 0 });
    expect(Object.keys(localStorage).filter((key) => key.startsWith("cs:q:"))).toEqual([]);
  });

  it("comes back from the browser's cache and goes on", async () => {
    Object.defineProperty(document, "referrer", { configurable: true, value: "https://search.example/" });
    const tracker = start({ auto: ["pages"] });
    await settle();
    window.dispatchEvent(new Event("pagehide"));
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    tracker.track("a");
    await settle();
    expect(sent.map((event) => event.action_type)).toEqual(["pageview", "pageview", "custom"]);
    expect(sent.slice(0, 2).map((event) => event.referrer)).toEqual(Array(2).fill("https://search.example/"));
    Reflect.deleteProperty(document, "referrer");
  });
});

it("goes on at once when the network is back", async () => {
  status = 503;
  vi.spyOn(Math, "random").mockReturnValue(1);
  start().track("a");
  await settle(20_000);
  expect(sent).toEqual([]);
  status = 202;
  window.dispatchEvent(new Event("online"));
  await settle(0);
  expect(sent).toHaveLength(1);
});

describe("never throws", () => {
  it("whatever it is given", () => {
    const tracker = start();
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const hostile = { get item_id() { throw new Error("no"); } };
    for (const odd of [cycle, hostile, null, 5, "text", [], { big: 5n }]) {
      tracker.track("view", odd as never);
      tracker.track(odd as never);
      tracker.identify(odd as never);
      tracker.experiment(odd as never, odd as never);
      tracker.pageview(odd as never);
      tracker.push(odd as never);
    }
    expect(tracker.track("sound", { item_id: "p-1" })).toBeDefined();
  });

  it("where nothing works", async () => {
    vi.stubGlobal("fetch", () => { throw new Error("no fetch"); });
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => { throw new Error("full"); });
    navigator.sendBeacon = undefined as never;
    const tracker = start();
    expect(tracker.track("a")).toBeDefined();
    await settle();
    leave(tracker);
    expect(tracker.status().queued).toBe(1);
  });

  it("and says on the console what it gives up, when asked to", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    start().track("like");
    expect(warn).not.toHaveBeenCalled();
    start({ debug: true }).track("like");
    expect(warn).toHaveBeenCalledWith("clickstream: like needs an item_id", expect.anything());
  });
});

it("asks once: an answer outweighs what the browser says", () => {
  signal("doNotTrack", "1");
  const store = { lasting: true, get: () => "granted", set: () => true, remove: () => undefined, keys: () => [] };
  expect(new ConsentKeeper(store, "k", true, true).state).toBe("granted");
});
