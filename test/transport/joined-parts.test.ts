import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../src/index.js";
import { Exchange, type ExchangeListener } from "../../src/transport/exchange.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { type ChaosServer, startChaosServer } from "../support/services/chaos-server.js";
import { waitUntil } from "../support/waiting.js";

/** Asks a server. @returns the events, in which the end of a read of the socket is "read" */
function ask(server: ChaosServer, changes: Partial<ExchangeListener> = {}): string[] {
  const events: string[] = [];
  const listener: ExchangeListener = {
    onConnected: () => {},
    onResponse: () => {},
    onBytes: () => {},
    onReadEnd: () => events.push("read"),
    onRecord: (data) => events.push(data),
    onBody: () => {},
    onEnd: () => events.push("end"),
    onFailure: ({ code }) => events.push(code),
    ...changes,
  };
  const request = { method: "POST" as const, url: new URL(server.url), headers: {}, body: "{}" };
  const exchange = new Exchange(DEFAULT_LIMITS, listener);
  exchange.send(request, server.agent, { headersTimeout: 5_000, bodyTimeout: 5_000 });
  return events;
}

/** Starts a server that sends parts of a body as HTTP chunks, all in one write. @param rest what follows the chunks */
function startServer(parts: readonly (string | Buffer)[], rest: string): Promise<ChaosServer> {
  return startChaosServer(async (peer) => {
    await peer.sendStreamHead();
    const frames = parts.map((part) => {
      const bytes = Buffer.from(part);
      return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
    });
    await peer.write(Buffer.concat([...frames, Buffer.from(rest)]));
    await peer.waitUntilGone();
  });
}

const END = "0\r\n\r\n";

describe("Parts of a body that come in one read of the socket", () => {
  guardEachTest();

  it("are delivered in their order, with one end of the read, before the end of the body", async () => {
    await using server = await startServer(["data: 1\n\n", "data: 2\n\nda", "ta: 3\n\n"], END);
    const events = ask(server);
    await waitUntil(() => events.includes("end"), "the body has ended");
    assert.deepEqual(events, ["1", "2", "3", "read", "end"]);
  });

  it("keep a character whose bytes are in two of them", async () => {
    const bytes = Buffer.from("data: 日🙂\n\n");
    for (let at = 1; at < bytes.length; at++) {
      await using server = await startServer([bytes.subarray(0, at), bytes.subarray(at)], END);
      const events = ask(server);
      await waitUntil(() => events.includes("end"), "the body has ended");
      assert.equal(events[0], "日🙂", `cut at byte ${at}`);
    }
  });

  it("are delivered if the bytes behind them break HTTP", async () => {
    await using server = await startServer(["data: 1\n\n", "data: 2\n\n"], "no length\r\n");
    const events = ask(server);
    await waitUntil(() => events.includes("bad_response"), "the exchange has failed");
    assert.deepEqual(events, ["1", "2", "read", "bad_response"]);
  });

  it("are not joined without bound, so that a text stays small", async () => {
    const text = "x".repeat(3000);
    const lengths: number[] = [];
    await using server = await startServer(Array<string>(12).fill(`data: ${text}\n\n`), END);
    let records = 0;
    const events = ask(server, {
      onRecord: () => void records++,
      onReadEnd: () => lengths.push(records),
    });
    await waitUntil(() => events.includes("end"), "the body has ended");
    assert.equal(records, 12);
    assert.ok(lengths.length >= 4, `the ends of reads came after ${lengths.join(", ")} records`);
  });

  it("end the connection, and nothing else, if the listener throws whatever happens", async () => {
    await using server = await startServer(["data: 1\n\n"], "");
    ask(server, {
      onRecord: () => {
        throw new Error("the listener is broken");
      },
      onFailure: () => {
        throw new Error("the listener is still broken");
      },
    });
    await waitUntil(() => server.requests.length === 1, "the request has come");
    await server.waitUntilEmpty();
  });
});
