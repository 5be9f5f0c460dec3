/** The tracker: what a page calls. No call throws, and none waits for the network. */

import { ConsentKeeper, type Consent } from "./consent";
import { named, needsItem, sorted, type Properties, type WireEvent } from "./event";
import { Gate } from "./gate";
import { Identity } from "./identity";
import { Leases } from "./leases";
import { AUTO, type Auto, type Options } from "./options";
import { Page } from "./page";
import { Queue } from "./queue";
import { Sender } from "./sender";
import { lastingStore } from "./storage";
import { Transport } from "./transport";
import { uuid7 } from "./uuid";
import type { Reporter } from "./watchers";

const PREFIX = "cs:";
const EXTRA_BYTES = 8 * 1024;

/** Counts since this page began. */
export interface Status {
  consent: Consent;
  /** Events that wait to be sent, those of earlier pages included. */
  queued: number;
  accepted: number;
  /** Events that the collector has refused. */
  rejected: number;
  /** Events that were given up here: too many or too old. */
  dropped: number;
  userId: string | null;
}

export class Tracker implements Reporter {
  private readonly gate: Gate;
  private readonly choice: ConsentKeeper;
  private readonly identity: Identity;
  private readonly queue: Queue;
  private readonly sender: Sender;
  private readonly leases = new Leases(PREFIX);
  private readonly page: Page;
  private trial: Properties = {};

  /** @param early - calls that the page made before there was a tracker; they come before its first page view. */
  constructor(
    private readonly options: Options,
    early: readonly (readonly [string, ...unknown[]])[] = [],
  ) {
    const beyond = options.cookieless ? null : lastingStore();
    this.gate = new Gate(beyond);
    this.choice = new ConsentKeeper(
      beyond ?? this.gate, "cs-consent", options.requireConsent === true, options.ignoreSignals !== true,
    );
    this.identity = new Identity(this.gate, PREFIX);
    this.queue = new Queue(this.gate, PREFIX + "q:", uuid7());
    const transport = new Transport(options.endpoint, options.key, () => this.choice.said === "granted");
    this.sender = new Sender(this.queue, transport, (text, detail) => this.say(text, detail));
    this.page = new Page(this, options, (auto) => this.wants(auto));
    this.sender.stop();
    this.safely(() => {
      if (this.choice.state === "denied") this.gate.close(PREFIX);
      if (this.choice.state === "granted") this.begin();
      this.push(...early);
      this.page.start({
        hide: () => this.sender.flush(),
        close: () => this.close(),
        reopen: () => this.reopen(),
        online: () => this.online(),
      });
    });
  }

  /**
   * Reports what the visitor did.
   *
   * @param action - impression, click, view, like, share, add_cart, order, pageview, or a name of your own. The object
   *   form takes it, and the properties, in one: `track({ action: "view", itemId: "p-7" })`.
   * @returns the event's id; undefined where nothing may be collected.
   */
  track(action: string | ({ action: string } & Properties), properties: Properties = {}): string | undefined {
    return this.safely(() =>
      typeof action === "string" ? this.report(action, properties) : this.report(action.action, action),
    );
  }

  /** Reports that a page is seen. Needed only where the address does not change with the page. */
  pageview(properties: Properties = {}): void {
    this.safely(() => this.page.turn(properties));
  }

  /** Says who the visitor is, from the next event on and on later pages. */
  identify(userId: string | number): void {
    this.safely(() => {
      const anonymous = this.identity.anonymousId;
      this.identity.identify(String(userId));
      this.report("identify", { anonymous_id: anonymous });
    });
  }

  /** Forgets who the visitor is: somebody else may follow. */
  reset(): void {
    this.safely(() => this.identity.reset());
  }

  /** Puts an experiment and its group on every event of this page that names none; without arguments on none. */
  experiment(id?: string, group?: string): void {
    this.trial = id === undefined ? {} : { experiment_id: id, experiment_group: group };
  }

  /** Notes what the visitor answered. With a refusal everything that was kept or waits is erased. */
  consent(granted: boolean): void {
    this.safely(() => {
      const before = this.choice.state;
      this.choice.answer(granted);
      if (granted && before !== "granted") {
        this.begin();
        if (before === "denied") this.page.turn();
      } else if (!granted) {
        this.sender.stop();
        this.queue.clear();
        this.identity.reset();
        this.gate.close(PREFIX);
        this.leases.end();
      }
    });
  }

  /** Sends now what waits for company. */
  flush(): void {
    this.safely(() => this.sender.flush());
  }

  /** How things stand. */
  status(): Status {
    const consent = this.choice.state;
    return {
      consent,
      queued: this.queue.size,
      accepted: this.sender.accepted,
      rejected: this.sender.rejected,
      dropped: this.queue.dropped,
      userId: consent === "denied" ? null : this.identity.userId,
    };
  }

  /** A call as data, `["track", "view", {...}]`: what a page pushes before the script has loaded. */
  push(...commands: readonly (readonly [string, ...unknown[]])[]): void {
    for (const command of commands) {
      this.safely(() => {
        const [name, ...values] = command;
        const method = (this as unknown as Record<string, unknown>)[name];
        if (!CALLS.has(name) || typeof method !== "function") throw new Error(`there is no ${name}`);
        method.apply(this, values);
      });
    }
  }

  /** Reports nothing any more and takes every listener away. What waits stays for the next page. */
  stop(): void {
    this.page.stop();
    this.sender.stop();
    this.leases.end();
  }

  /** See {@link track}. */
  report(action: string, properties: Properties): string | undefined {
    return this.safely(() => {
      if (this.choice.state === "denied") return undefined;
      const event = this.event(action, properties);
      if (needsItem(event.action_type) && !event.item_id) this.say(`${event.action_type} needs an item_id`, event);
      this.sender.added(this.queue.push(event));
      return event.event_id;
    });
  }

  /** See {@link Reporter.safely}. */
  safely<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.say("failed", error);
      return undefined;
    }
  }

  private event(action: string, properties: Properties): WireEvent {
    const now = Date.now();
    const given = sorted({ url: this.page.url, ...this.trial, ...properties });
    const { extra_data: extra = {}, ...fields } = given;
    if (this.identity.anonymousId !== this.identity.userId) extra.anonymous_id ??= this.identity.anonymousId;
    const event: WireEvent = {
      event_id: uuid7(now),
      scenario_id: this.options.scenario || "web",
      user_id: this.identity.userId,
      session_id: this.identity.session(now),
      timestamp: now,
      platform: "web",
      viewport_width: innerWidth,
      viewport_height: innerHeight,
      ...(this.options.tenant ? { tenant_id: this.options.tenant } : {}),
      ...fields,
      ...named(action, fields.item_id !== undefined),
    };
    if (new TextEncoder().encode(JSON.stringify(extra)).length > EXTRA_BYTES) {
      this.say(`extra_data of ${action} is larger than ${EXTRA_BYTES} bytes: left out`, extra);
    } else if (Object.keys(extra).length) event.extra_data = extra;
    return event;
  }

  private begin(): void {
    this.gate.open();
    this.leases.begin(this.queue.page);
    this.sender.reopen();
    this.adopt();
  }

  private adopt(): void {
    this.queue.adopt(this.leases, () => this.sender.flush());
  }

  private close(): void {
    if (this.choice.state !== "granted") return;
    this.sender.close(this.gate.lasting);
    this.leases.end();
  }

  private reopen(): void {
    if (this.choice.state !== "granted") return;
    this.leases.begin(this.queue.page);
    this.queue.recall();
    this.sender.reopen();
  }

  private online(): void {
    if (this.choice.state !== "granted") return;
    this.adopt();
    this.sender.retryNow();
  }

  private wants(auto: Auto): boolean {
    return (this.options.auto ?? AUTO).includes(auto);
  }

  private say(text: string, detail: unknown = ""): void {
    if (this.options.debug) console.warn("clickstream: " + text, detail);
  }
}

const CALLS = new Set(["track", "pageview", "identify", "reset", "experiment", "consent", "flush"]);
