// Why there is no answer, in the page's language: the service sends a code and what its English text names.
import { known, spoken } from "./words";

export interface Reason {
  readonly code: string;
  readonly parameters: Readonly<Record<string, string | number>>;
}

/** One rule that a field breaks, as FastAPI and pydantic tell it. */
interface Broken {
  readonly loc?: readonly (string | number)[];
  readonly msg?: string;
  readonly type?: string;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** A reason in words; what there are none for stays as the service wrote it. */
export function said(text: string, reason: Partial<Reason> | null | undefined): string {
  const word = `said_${reason?.code ?? ""}`;
  return spoken(word) ? known(word, reason?.parameters) : text;
}

/** What the body of an answer says that is no success; empty: whoever answered was not the service. */
export function saidIn(body: unknown): string {
  const { detail, ...reason } = (body ?? {}) as { detail?: unknown } & Partial<Reason>;
  if (typeof detail === "string") return said(detail, reason);
  if (Array.isArray(detail)) return detail.map(broken).join("; ");
  return "";
}

function broken({ loc, msg, type, ctx }: Broken): string {
  const parameters = Object.fromEntries(Object.entries(ctx ?? {}).map(([name, value]) => [name, typeof value === "number" ? value : String(value)]));
  // Of a body or an address; what a rule is about as a whole has no field.
  const field = (loc ?? []).slice(1).join(".");
  const rule = said(msg ?? "", { code: type ?? "", parameters });
  return field ? `${field}: ${rule}` : rule;
}
