// Reads and changes the catalogue; revisions go as entity tags, so nobody's change is overwritten unseen.
import { AskError, kindOf, detail } from "./ask";
import { t } from "./words";

export const KINDS = ["scenarios", "items", "models", "experiments", "user_profiles"] as const;
export type CatalogueKind = (typeof KINDS)[number];

export const ID_FIELD: Readonly<Record<CatalogueKind, string>> = {
  scenarios: "scenario_id",
  items: "item_id",
  models: "model_id",
  experiments: "experiment_id",
  user_profiles: "user_id",
};

/** A document as it is answered; what else it has depends on its kind. */
export interface Document {
  readonly revision: number;
  readonly updated_at: string;
  readonly [field: string]: unknown;
}

export interface Listed {
  readonly documents: readonly Document[];
  readonly next: string | null;
}

export interface Version {
  readonly version: number;
  readonly created_at: string;
}

const OURS = new Set(["revision", "created_at", "updated_at", "version", "latest_version"]);
// What a new document looks like; fields that are left out get their defaults.
const BLANK: Readonly<Record<CatalogueKind, Record<string, unknown>>> = {
  scenarios: { scenario_id: "", name: "", description: "", status: "active", settings: {} },
  items: { item_id: "", title: "", description: "", category: "", tags: [], price: null, currency: "", url: "", image_url: "", status: "active", attributes: {} },
  models: { model_id: "", name: "", description: "", algorithm: "", artifact: "", parameters: {}, metrics: {} },
  experiments: {
    experiment_id: "",
    scenario_id: "",
    name: "",
    description: "",
    status: "draft",
    traffic: 1,
    groups: [
      { name: "control", share: 0.5, settings: {} },
      { name: "treatment", share: 0.5, settings: {} },
    ],
    control: "control",
    starts_at: null,
    ends_at: null,
  },
  user_profiles: { user_id: "", segments: [], attributes: {} },
};

export function idOf(kind: CatalogueKind, document: Readonly<Record<string, unknown>>): string {
  const id = document[ID_FIELD[kind]];
  return typeof id === "string" ? id : "";
}

/** What of a document is edited, as text. */
export function editable(kind: CatalogueKind, document: Document | null): string {
  const fields = document ? Object.entries(document).filter(([name]) => !OURS.has(name)) : Object.entries(BLANK[kind]);
  return JSON.stringify(Object.fromEntries(fields), null, 2);
}

/** An edited text as a document. Throws an Error that says what it lacks. */
export function parsed(kind: CatalogueKind, text: string, id: string | null): Record<string, unknown> {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new Error(t("said_json_invalid", { error: error instanceof Error ? error.message : "" })); // which is English
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) throw new Error("{ … }");
  const document = read as Record<string, unknown>;
  const named = idOf(kind, document);
  if (!named || (id !== null && named !== id)) throw new Error(`${ID_FIELD[kind]}: ${id ?? "?"}`);
  return document;
}

export function address(tenant: string, kind: CatalogueKind, rest: string, parameters: Readonly<Record<string, string>> = {}): string {
  const given = new URLSearchParams({ tenant_id: tenant });
  for (const [name, value] of Object.entries(parameters)) if (value) given.set(name, value);
  return `/api/v1/catalogue/${kind}${rest}?${given.toString()}`;
}

export const one = (id: string) => `/${encodeURIComponent(id)}`;

/** Ask for, or change, what stands at an address. Rejects with an AskError. `revision` 0: it must be new. */
export async function at<T>(method: "GET" | "PUT" | "POST" | "DELETE", where: string, body?: unknown, revision?: number, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (revision) headers["If-Match"] = `"${revision}"`;
  else if (revision === 0) headers["If-None-Match"] = "*";
  let answer: Response;
  try {
    answer = await fetch(where, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new AskError("away", "");
  }
  if (!answer.ok) throw new AskError(kindOf(answer.status), await detail(answer));
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}
