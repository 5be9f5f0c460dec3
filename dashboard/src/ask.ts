// Asks the service; the cookie says who asks.
import { saidIn } from "./reasons";

export type Kind = "signed-out" | "forbidden" | "refused" | "away";

/** Why there is no answer. Only what is away is asked again by itself: all else stays as it is. */
export class AskError extends Error {
  constructor(
    readonly kind: Kind,
    message: string,
  ) {
    super(message);
  }
}

export type Parameters = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export const ROOT = "/api/v1/analytics/";

export function address(path: string, parameters: Parameters): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === "") continue;
    if (typeof value === "object") for (const each of value) given.append(name, each);
    else given.set(name, String(value));
  }
  const query = given.toString();
  return ROOT + path + (query ? `?${query}` : "");
}

/** The answer to a question. Rejects with an AskError, or as `signal` says. */
export async function ask<T>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(address(path, parameters), { signal: signal ?? null, headers: { Accept: "application/json" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new AskError("away", "");
  }
  if (answer.ok) return (await answer.json()) as T;
  throw new AskError(kindOf(answer.status), await detail(answer));
}

export function kindOf(status: number): Kind {
  if (status === 401) return "signed-out";
  if (status === 403) return "forbidden";
  // A server that is told to be too busy, or that fails, may answer the next time.
  return status >= 500 || status === 429 ? "away" : "refused";
}

/** Why, in the page's language. */
export async function detail(answer: Response): Promise<string> {
  const said = await answer.json().then(saidIn, () => "");
  return said || `HTTP ${answer.status}`;
}
