/** The transport against a real server on this machine. */

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Queue, QUEUE_LIMITS } from "../src/queue";
import { Sender } from "../src/sender";
import { Transport } from "../src/transport";
import { event, LastingStore } from "./kit";

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Ends the connection in the place of an answer. */
  hangUp?: boolean;
}

const TAKEN: Answer = { status: 202, body: '{"accepted": 1, "rejected": []}' };
let server: Server, transport: Transport, answers: Answer[];
let asked: { request: IncomingMessage; body: string }[];

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      asked.push({ request, body });
      const answer = answers.shift() ?? TAKEN;
      if (answer.hangUp) request.socket.destroy();
      else response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  transport = new Transport(`http://127.0.0.1:${port}/api/v1/behaviors`, "wk/ä 1");
});
afterEach(() => new Promise((closed) => {
  server.close(closed);
  server.closeAllConnections();
}));

it("is a request that needs no preflight, with the key in its address", async () => {
  expect(await transport.send("[]", true)).toEqual({ kind: "accepted", rejected: [] });
  const { request } = asked[0]!;
  expect([request.method, request.url]).toEqual(["POST", "/api/v1/behaviors?key=wk%2F%C3%A4%201"]);
  expect(request.headers["content-type"]).toBe("text/plain;charset=UTF-8");
});

it("outlives the page where it is told to", async () => {
  const real = globalThis.fetch;
  const told: unknown[] = [];
  vi.stubGlobal("fetch", (url: string, options: RequestInit) => {
    told.push(options.keepalive);
    return real(url, options);
  });
  for (const keepalive of [true, false]) await transport.send("[]", keepalive);
  vi.unstubAllGlobals();
  expect(told).toEqual([true, false]);
});

describe("an answer", () => {
  it.each([
    [{ status: 202, body: '{"accepted": 0, "rejected": [{"index": 0, "reason": "empty"}]}' },
      { kind: "accepted", rejected: [{ index: 0, reason: "empty" }] }],
    [{ status: 202, body: "not json" }, { kind: "accepted", rejected: [] }],
    [{ status: 202, body: '{"rejected": 3}' }, { kind: "accepted", rejected: [] }],
    [{ status: 400 }, { kind: "refused", status: 400 }],
    [{ status: 401 }, { kind: "refused", status: 401 }],
    [{ status: 413 }, { kind: "refused", status: 413 }],
    [{ status: 408 }, { kind: "retry", after: 0, why: "status 408" }],
    [{ status: 500 }, { kind: "retry", after: 0, why: "status 500" }],
    [{ status: 503, headers: { "Retry-After": "7" } }, { kind: "retry", after: 7000, why: "status 503" }],
    [{ status: 429, headers: { "Retry-After": "soon" } }, { kind: "retry", after: 0, why: "status 429" }],
  ] as [Answer, unknown][])("%j", async (answer, outcome) => {
    answers = [answer];
    expect(await transport.send("[]", true)).toEqual(outcome);
  });

  it("that does not come is a reason to try again", async () => {
    answers = [{ status: 0, hangUp: true }];
    expect((await transport.send("[]", true)).kind).toBe("retry");
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    expect((await transport.send("[]", true)).kind).toBe("retry");
  });
});

it("brings every event through failures, under the id that it had at first", async () => {
  answers = [{ status: 503 }, { status: 0, hangUp: true }, TAKEN, { status: 500 }];
  const queue = new Queue(new LastingStore(), "q:", "one", QUEUE_LIMITS);
  const sender = new Sender(queue, transport, () => undefined, { wait: 1, base: 2, cap: 4 });
  for (let number = 0; number < 25; number++) sender.added(queue.push(event(number)));
  await expect.poll(() => sender.accepted).toBe(25);
  const bodies = asked.map(({ body }) => JSON.parse(body) as { event_id: string }[]);
  expect(bodies.map((body) => body.length)).toEqual([10, 10, 10, 10, 10, 5]);
  expect(new Set(bodies.flat().map(({ event_id }) => event_id)).size).toBe(25);
  expect(bodies[0]).toEqual(bodies[2]);
});
