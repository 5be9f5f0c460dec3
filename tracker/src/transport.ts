/**
 * One request to the collector, and what its answer means.
 *
 * The body is text/plain and the key stands in the address: such a request needs no preflight, so a page of another
 * origin sends one request instead of two, and a beacon, which can set no headers, is the same request.
 */

export type Outcome =
  | { kind: "accepted"; rejected: readonly Rejected[] }
  | { kind: "refused"; status: number }
  /** It may work later, not before `after` milliseconds. */
  | { kind: "retry"; after: number; why: string };

/** Why the collector did not take one event of a batch. */
export interface Rejected {
  index: number;
  field?: string;
  reason: string;
}

export const TIMEOUT = 15_000;

export class Transport {
  private readonly address: string;

  /** @param consented - whether the visitor has agreed in so many words: the collector may ask for that. */
  constructor(
    endpoint: string,
    key: string,
    private readonly consented: () => boolean = () => false,
  ) {
    this.address = `${endpoint}?key=${encodeURIComponent(key)}`;
  }

  /**
   * Sends a body and waits for the answer. Never rejects.
   *
   * @param keepalive - whether the request is to outlive the page. The browser refuses that at once where the page has
   *   more than 64 KiB of such requests under way, its own included.
   */
  async send(body: string, keepalive: boolean): Promise<Outcome> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT);
    try {
      const signal = stop.signal;
      return await outcome(await fetch(this.url, { method: "POST", body, credentials: "omit", keepalive, signal }));
    } catch (error) {
      return { kind: "retry", after: 0, why: String(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  private get url(): string {
    return this.address + (this.consented() ? "&consent=1" : "");
  }

  /** Hands a body to the browser, which sends it after the page has ended; false where it refuses. */
  beacon(body: string): boolean {
    try {
      return navigator.sendBeacon(this.url, body);
    } catch {
      return false;
    }
  }
}

async function outcome(answer: Response): Promise<Outcome> {
  if (answer.ok) {
    const found = (await answer.json().catch(() => null)) as { rejected?: Rejected[] } | null;
    return { kind: "accepted", rejected: Array.isArray(found?.rejected) ? found.rejected : [] };
  }
  if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
    const seconds = Number(answer.headers.get("Retry-After"));
    return { kind: "retry", after: seconds > 0 ? seconds * 1000 : 0, why: `status ${answer.status}` };
  }
  return { kind: "refused", status: answer.status };
}
