/** How a tracker is set up: by an object, or by the data-* attributes of its script tag. */

export interface Options {
  /** Write key of the tenant. */
  key: string;
  /** Address that events are posted to. */
  endpoint: string;
  /** scenario_id of events that name none. */
  scenario?: string;
  /** tenant_id; without it the collector takes the key's. */
  tenant?: string;
  /** Keeps nothing on the visitor's device: ids and queue last as long as the page. */
  cookieless?: boolean;
  /** Collects nothing before `consent(true)`. */
  requireConsent?: boolean;
  /** Goes on although the browser says Do-Not-Track or Global Privacy Control. */
  ignoreSignals?: boolean;
  /** A part of the address behind `#` makes a page of its own. */
  hashPages?: boolean;
  /** What is reported without a call; default: everything. */
  auto?: readonly Auto[];
  /** Says on the console what it gives up, and why. */
  debug?: boolean;
}

export const AUTO = ["pages", "clicks", "impressions", "dwell", "scroll", "video"] as const;
export type Auto = (typeof AUTO)[number];

/** The options that a script tag states. The events go to the server that the script came from, unless it says otherwise. */
export function optionsOf(script: HTMLScriptElement): Options | undefined {
  const given = script.dataset;
  if (!given.key) return undefined;
  const options: Options = {
    key: given.key,
    endpoint: given.endpoint || new URL("/api/v1/behaviors", script.src || location.href).href,
    cookieless: "cookieless" in given,
    requireConsent: given.consent === "required",
    ignoreSignals: given.dnt === "ignore",
    hashPages: "hash" in given,
    debug: "debug" in given,
  };
  if (given.scenario) options.scenario = given.scenario;
  if (given.tenant) options.tenant = given.tenant;
  if (given.auto !== undefined) options.auto = AUTO.filter((name) => given.auto!.split(/[\s,]+/).includes(name));
  return options;
}
