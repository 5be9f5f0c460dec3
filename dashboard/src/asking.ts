// Keeps a panel up to date: asks, asks again after a while, and less and less often while nobody answers.
import { AskError, type Kind } from "./ask";
import { again } from "./condition";

/** Who is told: a panel, or several at once. */
export interface Told<T> {
  answered(answer: T): void;
  failed(error: unknown): void;
}

/** What a page keeps going; `end` ends it. */
export interface Lifetime {
  readonly signal: AbortSignal;
}

export interface Asking {
  /** Ask at once. */
  now(): void;
}

/**
 * Ask until the lifetime ends. While the tab is hidden nothing is asked; when it is seen again what is due is asked.
 *
 * @param every seconds between answers; null: it is asked once.
 */
export function keepAsking<T>(told: () => Told<T>, load: (signal: AbortSignal) => Promise<T>, every: number | null, life: Lifetime): Asking {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = false;
  let current: AbortController | undefined;

  async function run(): Promise<void> {
    clearTimeout(timer);
    due = false;
    current?.abort();
    const mine = new AbortController();
    current = mine;
    let kind: Kind | null = null;
    try {
      const answer = await load(AbortSignal.any([mine.signal, life.signal]));
      if (mine.signal.aborted || life.signal.aborted) return;
      failures = 0;
      told().answered(answer);
    } catch (error) {
      if (mine.signal.aborted || life.signal.aborted) return;
      failures += 1;
      kind = error instanceof AskError ? error.kind : "refused";
      if (kind === "signed-out") document.dispatchEvent(new Event("signed-out"));
      told().failed(error);
      if (!(error instanceof AskError)) console.error(error);
    }
    const pause = again(failures, kind, every);
    if (pause !== null) timer = setTimeout(next, pause * 1000);
  }

  function next(): void {
    if (document.hidden) due = true;
    else void run();
  }

  function seen(): void {
    if (due && !document.hidden) void run();
  }

  document.addEventListener("visibilitychange", seen, { signal: life.signal });
  life.signal.addEventListener("abort", () => clearTimeout(timer));
  void run();
  return { now: () => void run() };
}
