// What state a panel is in, and how answers and failures change it. No page in here, so that it can be told exactly.
import type { AskError, Kind } from "./ask";

export type Condition<T> =
  | { readonly name: "loading" }
  | { readonly name: "ready" | "empty"; readonly answer: T; readonly at: number }
  /** It has an answer that is not the newest any more. */
  | { readonly name: "stale"; readonly answer: T; readonly at: number; readonly kind: Kind; readonly detail: string }
  | { readonly name: "error"; readonly kind: Kind; readonly detail: string };

export const LOADING = { name: "loading" } as const;

export function answered<T>(answer: T, isEmpty: boolean, at: number): Condition<T> {
  return { name: isEmpty ? "empty" : "ready", answer, at };
}

/** What was answered before stays visible while a server is away; what is refused or forbidden was asked wrongly. */
export function failed<T>(before: Condition<T>, error: AskError): Condition<T> {
  const { kind, message: detail } = error;
  if (kind === "away" && "answer" in before) return { name: "stale", answer: before.answer, at: before.at, kind, detail };
  return { name: "error", kind, detail };
}

const PAUSES = [2, 4, 8, 15];

/** Seconds until it is asked again; null: not by itself. */
export function again(failures: number, kind: Kind | null, every: number | null): number | null {
  if (failures === 0) return every;
  if (kind !== "away") return null;
  return PAUSES[Math.min(failures, PAUSES.length) - 1] ?? null;
}
