import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { DEFAULT_LIMITS } from "../../src/index.js";
import { Exchange, type ExchangeListener } from "../../src/transport/exchange.js";
import { guardEachTest } from "../support/runtime/guards.js";
import { formatDelta, sendWholeAnswer } from "../support/services/answers.js";
import { type ChaosServer, startChaosServer } from "../support/services/chaos-server.js";
import type { Peer } from "../support/services/peer.js";
import { turns, until } from "../support/waiting.js";

/** An exchange with a server, and what it told. */
function exchange(server: ChaosServer): { exchange: Exchange; told: string[] } {
  const told: string[] = [];
  const listener: ExchangeListener = {
    onConnected: () => told.push("connected"),
    onResponse: (status) => told.push(`${status}`),
    onBytes: () => {},
    onReadEnd: () => {},
    onRecord: (data) => told.push(data === "[DONE]" ? data : JSON.parse(data).choices[0].delta.content),
    onBody: () => told.push("body"),
    onEnd: () => told.push("end"),
    onFailure: (failure) => told.push(failure.code),
  };
  const request = { method: "POST" as const, url: new URL(server.url), headers: {}, body: "{}" };
  const made = new Exchange(DEFAULT_LIMITS, listener);
  made.send(request, server.agent, { headersTimeout: 5_000, bodyTimeout: 5_000 });
  return { exchange: made, told };
}

describe("A connection that is no longer wanted", () => {
  guardEachTest();

  it("is ended, and no other is made in its place", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone());
    const { exchange: made, told } = exchange(server);
    await until(() => server.requests.length === 1, "the request is there");
    made.abort();
    await server.waitUntilEmpty();
    await turns(20);
    assert.equal(server.connections, 1);
    assert.deepEqual(told, ["connected"]);
  });

  it("is not made use of when it was not wanted before it stood", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const { exchange: made, told } = exchange(server);
    made.abort();
    await turns(20);
    await server.waitUntilEmpty();
    assert.deepEqual([told, server.requests.length], [[], 0]);
  });

  it("is kept if the body ends by itself soon after the last that was wanted", async () => {
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (served) => {
      peer = served;
      await served.sendStreamHead();
      await served.sendBody(formatDelta("1"));
      await until(() => told.includes("1"), "the text is told");
      first.finish();
      await served.sendBody(formatDelta("2"));
      await served.endBody();
    });
    const { exchange: first, told } = exchange(server);
    await until(() => told.includes("1"), "the text");
    await turns(20);
    assert.deepEqual([peer?.isGone, told], [false, ["connected", "200", "1"]]);
  });

  it("is ended if the body does not end soon", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("1"));
      await until(() => told.includes("1"), "the text is told");
      first.finish();
      while (await peer.sendBody(formatDelta("2"))) await turns();
    });
    const { exchange: first, told } = exchange(server);
    await until(() => told.includes("1"), "the text");
    await server.waitUntilEmpty();
    assert.deepEqual(told, ["connected", "200", "1"]);
    assert.equal(server.connections, 1);
  });

  it("of a dispatcher that throws fails as a connection does", () => {
    const told: string[] = [];
    const listener = { onFailure: (failure: { code: string }) => told.push(failure.code) };
    const request = { method: "POST" as const, url: new URL("http://127.0.0.1:9"), headers: {} };
    const thrower = {
      dispatch() {
        throw Object.assign(new Error("bad header"), { code: "UND_ERR_INVALID_ARG" });
      },
    };
    const made = new Exchange(DEFAULT_LIMITS, listener as unknown as ExchangeListener);
    made.send(request, thrower as unknown as Dispatcher, { headersTimeout: 1, bodyTimeout: 1 });
    assert.deepEqual(told, ["configuration"]);
  });
});
