// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from "vitest";
import { AskError } from "../src/ask";
import { KINDS, address, at, editable, idOf, one, parsed } from "../src/catalogue";
import { tableOf } from "../src/pages/catalogue";

const ITEM = { item_id: "e/1 ü", title: "Sofa", status: "active", revision: 3, created_at: "2026-03-01T00:00:00Z", updated_at: "2026-03-02T00:00:00Z" };

describe("an edited document", () => {
  it("is what was read, without what the catalogue sets", () => {
    expect(JSON.parse(editable("items", ITEM))).toEqual({ item_id: "e/1 ü", title: "Sofa", status: "active" });
    for (const kind of KINDS) expect(idOf(kind, JSON.parse(editable(kind, null)))).toBe("");
  });

  it("has an id, and keeps the one that it has", () => {
    expect(parsed("items", '{"item_id": "a"}', null)).toEqual({ item_id: "a" });
    expect(() => parsed("items", '{"item_id": ""}', null)).toThrow("item_id");
    expect(() => parsed("items", '{"item_id": "b"}', "a")).toThrow("item_id: a");
    expect(() => parsed("items", "[]", null)).toThrow("{ … }");
    expect(() => parsed("items", "{", null)).toThrow();
  });
});

describe("a table", () => {
  it("names each document", () => {
    const { rows } = tableOf("items", [ITEM]);
    expect(rows).toEqual([["e/1 ü", "Sofa", "active", 3, Date.parse(ITEM.updated_at)]]);
    expect(tableOf("models", [{ ...ITEM, model_id: "m", name: "M", version: 1, latest_version: 4 }]).rows[0]?.slice(0, 3)).toEqual(["m", "M", "1 / 4"]);
  });
});

describe("a change", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("goes to the document's own address, with the revision that it was made for", async () => {
    const sent: [string, RequestInit][] = [];
    vi.stubGlobal("fetch", (where: string, init: RequestInit) => {
      sent.push([where, init]);
      return Promise.resolve(new Response(init.method === "DELETE" ? null : "{}", { status: init.method === "DELETE" ? 204 : 200 }));
    });
    const where = address("aurora", "items", one("e/1 ü"));
    expect(where).toBe("/api/v1/catalogue/items/e%2F1%20%C3%BC?tenant_id=aurora");
    await at("PUT", where, { item_id: "e/1 ü" }, 3);
    await at("PUT", where, { item_id: "e/1 ü" }, 0);
    expect(await at("DELETE", where)).toBeUndefined();
    const headers = sent.map(([, init]) => init.headers as Record<string, string>);
    expect(headers.map((each) => [each["If-Match"], each["If-None-Match"]])).toEqual([['"3"', undefined], [undefined, "*"], [undefined, undefined]]);
  });

  it("that is refused says why", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response('{"detail": "item is at revision 4, not 3"}', { status: 412 })));
    await expect(at("PUT", "/x", {}, 3)).rejects.toEqual(new AskError("refused", "item is at revision 4, not 3"));
  });
});
