import assert from "node:assert/strict";
import { type EventEmitter, getEventListeners } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { chatStream, startChat } from "../../../src/index.js";
import { createAgent } from "../../../src/transport/agent.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { formatAnswer, formatDelta, sendWholeAnswer, TEXT, WORDS } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitTicks, waitUntil } from "../../support/waiting.js";
import {
  ask,
  assertStreamComplete,
  buildChatOptions,
  type StartedStream,
  startStream,
} from "../../support/worlds/started-stream.js";

/** Says something and then waits for ever. */
const stalling = async (peer: Peer) => {
  await peer.sendStreamHead();
  await peer.sendBody(formatDelta("."));
  await peer.waitUntilGone();
};

describe("Faults of concurrency, in the core", () => {
  guardEachTest();

  it("X01: a thousand streams that are cancelled all end, and their sockets are gone", async () => {
    const count = 1_000;
    await using server = await startChaosServer(stalling);
    const begun: StartedStream[] = [];
    for (let at = 0; at < count; at++) begun.push(startStream(server));
    await waitUntil(() => begun.every((asking) => asking.getText() === "."), "all of them stream", 30_000);
    assert.equal(server.peers.size, count);
    for (const asking of begun) asking.cancel();
    const ends = await Promise.all(begun.map((asking) => asking.finished));
    assert.ok(ends.every(({ result }) => result.outcome === "cancelled" && !result.failure));
    await server.waitUntilEmpty();
    assert.equal(server.connections, count, "nobody connects again for a stream that is over");
  }).timeout(60_000);

  const MOMENTS: Record<
    string,
    { script: (peer: Peer) => unknown; ready: (asking: StartedStream) => Promise<unknown> }
  > = {
    "before the connection": { script: sendWholeAnswer, ready: async () => {} },
    "before the headers": {
      script: (peer) => peer.waitUntilGone(),
      ready: () => waitTicks(20),
    },
    "before the first text": {
      script: async (peer) => {
        await peer.sendStreamHead();
        await peer.waitUntilGone();
      },
      ready: () => waitTicks(20),
    },
    "between two texts": {
      script: stalling,
      ready: (asking) => waitUntil(() => asking.getText() !== "", "text"),
    },
  };

  for (const [moment, { script, ready }] of Object.entries(MOMENTS)) {
    it(`X02: cancelled ${moment}, twice, a stream has one end, and the service sees it leave`, async () => {
      await using server = await startChaosServer(script);
      const asking = startStream(server);
      await ready(asking);
      asking.cancel();
      asking.cancel();
      const { result, text } = await asking.finished;
      assert.deepEqual([result.outcome, result.finishReason], ["cancelled", "cancelled"]);
      assert.equal(text, moment === "between two texts" ? "." : "");
      asking.cancel();
      await waitTicks(10);
      await server.waitUntilEmpty();
      assert.ok(server.connections <= 1);
      if (moment === "before the connection") assert.equal(server.requests.length, 0);
    });
  }

  it("X02: cancelled after its end, a stream stays as it ended and its connection serves the next", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const asking = startStream(server);
    assertStreamComplete(await asking.finished, TEXT);
    asking.cancel();
    assertStreamComplete(await ask(server), TEXT);
    assert.equal(server.connections, 1);
  });

  it("X02: cancelled by its own reader, at every piece, it tells no piece more", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    for (let stop = 1; stop <= WORDS.length; stop++) {
      let seen = 0;
      const asking: StartedStream = startStream(server, {}, () => {
        seen++;
        if (seen === stop) asking.cancel();
      });
      const { texts, result } = await asking.finished;
      assert.equal(result.outcome, "cancelled");
      assert.deepEqual(texts, WORDS.slice(0, stop));
    }
  });

  it("X02: one that is cancelled does not disturb those beside it", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      await peer.sendStreamHead();
      for (const record of formatAnswer(WORDS)) {
        await peer.sendBody(record);
        if (nth % 2 === 0) await waitTicks(2);
      }
      await peer.endBody();
    });
    const all = Array.from({ length: 40 }, () => startStream(server));
    await waitUntil(() => all.some((asking) => asking.getText() !== ""), "some stream");
    for (const [at, asking] of all.entries()) if (at % 3 === 0) asking.cancel();
    for (const [at, asking] of all.entries()) {
      const told = await asking.finished;
      if (at % 3 === 0) assert.ok(TEXT.startsWith(told.text));
      else assertStreamComplete(told, TEXT);
    }
  });
});

describe("Ten thousand streams", () => {
  guardEachTest();

  const body = formatAnswer(WORDS).join("");
  const response = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const sockets = new Set<Socket>();
  let server: Server;

  before(async () => {
    // As quick as can be: a request is what comes in one read.
    server = createServer((socket) => {
      sockets.add(socket.setNoDelay(true));
      socket.on("close", () => sockets.delete(socket));
      socket.on("error", () => {});
      socket.on("data", () => socket.write(response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  after(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it("X10: leave nothing behind on the dispatcher, the sockets, the signal and the process", async () => {
    const agent = createAgent({ connectTimeout: 2_000, direct: true });
    const asked = { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`, agent };
    const { signal } = new AbortController();
    const dispatcher = agent as unknown as EventEmitter;
    const lasting = () => [
      ...dispatcher.eventNames().map((name) => [name, dispatcher.listenerCount(name)]),
      ["abort", getEventListeners(signal, "abort").length],
      ...process.eventNames().map((name) => [name, process.listenerCount(name as "exit")]),
    ];

    /** One stream after another, through both doors. */
    async function lane(count: number): Promise<void> {
      for (let at = 0; at < count; at++) {
        if (at % 4 === 0) {
          const { choices } = await chatStream(buildChatOptions(asked), signal).collect();
          assert.equal(choices[0]?.message.content, TEXT);
          continue;
        }
        await new Promise<void>((resolve, reject) => {
          let text = "";
          startChat(buildChatOptions(asked), {
            onText: (piece) => {
              text += piece;
            },
            onChunk: () => {},
            onEnd: ({ outcome }) =>
              outcome === "complete" && text === TEXT ? resolve() : reject(new Error(`${outcome}: ${text}`)),
          });
        });
      }
    }
    const run = (streams: number) => Promise.all(Array.from({ length: 50 }, () => lane(streams / 50)));

    await run(500);
    const before = lasting();
    await run(9_500);
    assert.deepEqual(lasting(), before);
    assert.ok(sockets.size <= 100, `${sockets.size} connections for 50 at once`);
    await agent.destroy();
  }).timeout(60_000);
});
