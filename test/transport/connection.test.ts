import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { DEFAULT_LIMITS } from "../../src/index.js";
import { Exchange, type ExchangeListener } from "../../src/transport/exchange.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { formatDelta, sendWholeAnswer } from "../support/services/answers.js";
import { type ChaosServer, startChaosServer } from "../support/services/chaos-server.js";
import type { Peer } from "../support/services/peer.js";
import { waitTicks, waitUntil } from "../support/waiting.js";

/** Starts an exchange with a server. @returns the exchange and its events so far */
function startExchange(server: ChaosServer): { exchange: Exchange; events: string[] } {
  const events: string[] = [];
  const listener: ExchangeListener = {
    onConnected: () => events.push("connected"),
    onResponse: (status) => events.push(`${status}`),
    onBytes: () => {},
    onReadEnd: () => {},
    onRecord: (data) => events.push(data === "[DONE]" ? data : JSON.parse(data).choices[0].delta.content),
    onBody: () => events.push("body"),
    onEnd: () => events.push("end"),
    onFailure: (failure) => events.push(failure.code),
  };
  const request = { method: "POST" as const, url: new URL(server.url), headers: {}, body: "{}" };
  const exchange = new Exchange(DEFAULT_LIMITS, listener);
  exchange.send(request, server.agent, { headersTimeout: 5_000, bodyTimeout: 5_000 });
  return { exchange, events };
}

describe("Connection of an exchange", () => {
  guardEachTest();

  it("is closed if the exchange is aborted, and no other is opened in its place", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone());
    const { exchange, events } = startExchange(server);
    await waitUntil(() => server.requests.length === 1, "the request has come");
    exchange.abort();
    await server.waitUntilEmpty();
    await waitTicks(20);
    assert.equal(server.connections, 1);
    assert.deepEqual(events, ["connected"]);
  });

  it("is not used if the exchange is aborted before the connection is open", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const { exchange, events } = startExchange(server);
    exchange.abort();
    await waitTicks(20);
    await server.waitUntilEmpty();
    assert.deepEqual([events, server.requests.length], [[], 0]);
  });

  it("is kept if the body ends soon after the exchange has finished", async () => {
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (served) => {
      peer = served;
      await served.sendStreamHead();
      await served.sendBody(formatDelta("1"));
      await waitUntil(() => events.includes("1"), "the text has come");
      exchange.finish();
      await served.sendBody(formatDelta("2"));
      await served.endBody();
    });
    const { exchange, events } = startExchange(server);
    await waitUntil(() => events.includes("1"), "the text has come");
    await waitTicks(20);
    assert.deepEqual([peer?.isGone, events], [false, ["connected", "200", "1"]]);
  });

  it("is closed if the body does not end soon after the exchange has finished", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("1"));
      await waitUntil(() => events.includes("1"), "the text has come");
      exchange.finish();
      while (await peer.sendBody(formatDelta("2"))) await waitTicks();
    });
    const { exchange, events } = startExchange(server);
    await waitUntil(() => events.includes("1"), "the text has come");
    await server.waitUntilEmpty();
    assert.deepEqual(events, ["connected", "200", "1"]);
    assert.equal(server.connections, 1);
  });

  it("fails as a configuration error if the dispatcher throws one", () => {
    const events: string[] = [];
    const listener = { onFailure: (failure: { code: string }) => events.push(failure.code) };
    const request = { method: "POST" as const, url: new URL("http://127.0.0.1:9"), headers: {} };
    const thrower = {
      dispatch() {
        throw Object.assign(new Error("bad header"), { code: "UND_ERR_INVALID_ARG" });
      },
    };
    const exchange = new Exchange(DEFAULT_LIMITS, listener as unknown as ExchangeListener);
    exchange.send(request, thrower as unknown as Dispatcher, { headersTimeout: 1, bodyTimeout: 1 });
    assert.deepEqual(events, ["configuration"]);
  });
});
