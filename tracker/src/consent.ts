/** Whether anything may be collected. */

import type { Store } from "./storage";

export type Consent = "granted" | "denied" | "pending";

/**
 * What holds before the visitor is asked, and what was answered.
 *
 * The answer is the one thing that is kept without consent: else the visitor would be asked on every page.
 *
 * @param required - whether nothing is collected before `answer(true)`.
 * @param signals - whether Do-Not-Track and Global Privacy Control count as a refusal; an answer outweighs them.
 */
export class ConsentKeeper {
  constructor(
    private readonly store: Store,
    private readonly key: string,
    private readonly required: boolean,
    private readonly signals: boolean,
  ) {}

  /** What the visitor said; undefined: nothing yet. */
  get said(): "granted" | "denied" | undefined {
    const answer = this.store.get(this.key);
    return answer ? (answer === "granted" ? answer : "denied") : undefined;
  }

  get state(): Consent {
    const said = this.said;
    if (said) return said;
    if (this.signals && refusedBySignal()) return "denied";
    return this.required ? "pending" : "granted";
  }

  answer(granted: boolean): void {
    this.store.set(this.key, granted ? "granted" : "denied");
  }
}

function refusedBySignal(): boolean {
  const signs = navigator as Navigator & { globalPrivacyControl?: boolean };
  return signs.globalPrivacyControl === true || signs.doNotTrack === "1";
}
