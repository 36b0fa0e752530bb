import assert from "node:assert/strict";
import { type EventEmitter, getEventListeners } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { chatStream, startChat } from "../../../src/index.js";
import { createAgent } from "../../../src/transport/agent.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import {
  formatAnswer,
  sendDotAndStall,
  sendWholeAnswer,
  TEXT,
  WORDS,
} from "../../support/services/answers.js";
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

describe("Many streams of the library", () => {
  guardEachTest();

  it("X01: ends a thousand cancelled streams and closes their connections", async () => {
    const count = 1_000;
    await using server = await startChaosServer(sendDotAndStall);
    const streams: StartedStream[] = [];
    for (let at = 0; at < count; at++) streams.push(startStream(server));
    await waitUntil(() => streams.every((stream) => stream.getText() === "."), "all streams have text");
    assert.equal(server.peers.size, count);
    for (const stream of streams) stream.cancel();
    const ends = await Promise.all(streams.map((stream) => stream.finished));
    assert.ok(ends.every(({ result }) => result.outcome === "cancelled" && !result.failure));
    await server.waitUntilEmpty();
    assert.equal(server.connections, count, "no stream connects again after its end");
  });

  const MOMENTS: Record<
    string,
    { script: (peer: Peer) => unknown; ready: (stream: StartedStream) => Promise<unknown> }
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
      script: sendDotAndStall,
      ready: (stream) => waitUntil(() => stream.getText() !== "", "text"),
    },
  };

  for (const [moment, { script, ready }] of Object.entries(MOMENTS)) {
    it(`X02: ends once and closes its connection if it is cancelled twice ${moment}`, async () => {
      await using server = await startChaosServer(script);
      const stream = startStream(server);
      await ready(stream);
      stream.cancel();
      stream.cancel();
      const { result, text } = await stream.finished;
      assert.deepEqual([result.outcome, result.finishReason], ["cancelled", "cancelled"]);
      assert.equal(text, moment === "between two texts" ? "." : "");
      stream.cancel();
      await waitTicks(10);
      await server.waitUntilEmpty();
      assert.ok(server.connections <= 1);
      if (moment === "before the connection") assert.equal(server.requests.length, 0);
    });
  }

  it("X02: keeps its result and its connection if it is cancelled after its end", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    const stream = startStream(server);
    assertStreamComplete(await stream.finished, TEXT);
    stream.cancel();
    assertStreamComplete(await ask(server), TEXT);
    assert.equal(server.connections, 1);
  });

  it("X02: sends no more text if its reader cancels it at any piece", async () => {
    await using server = await startChaosServer(sendWholeAnswer);
    for (let stop = 1; stop <= WORDS.length; stop++) {
      let seen = 0;
      const stream: StartedStream = startStream(server, {}, () => {
        seen++;
        if (seen === stop) stream.cancel();
      });
      const { texts, result } = await stream.finished;
      assert.equal(result.outcome, "cancelled");
      assert.deepEqual(texts, WORDS.slice(0, stop));
    }
  });

  it("X02: does not disturb other streams if it is cancelled", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      await peer.sendStreamHead();
      for (const record of formatAnswer(WORDS)) {
        await peer.sendBody(record);
        if (nth % 2 === 0) await waitTicks(2);
      }
      await peer.endBody();
    });
    const streams = Array.from({ length: 40 }, () => startStream(server));
    await waitUntil(() => streams.some((stream) => stream.getText() !== ""), "a stream has text");
    for (const [at, stream] of streams.entries()) if (at % 3 === 0) stream.cancel();
    for (const [at, stream] of streams.entries()) {
      const answer = await stream.finished;
      if (at % 3 === 0) assert.ok(TEXT.startsWith(answer.text));
      else assertStreamComplete(answer, TEXT);
    }
  });
});

describe("Ten thousand streams of the library", () => {
  guardEachTest();

  const body = formatAnswer(WORDS).join("");
  const response = Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const sockets = new Set<Socket>();
  let server: Server;

  before(async () => {
    // A fast server: it takes each read for one request.
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

  it("X10: leave no listeners on the dispatcher, the signal and the process, and no extra sockets", async () => {
    const agent = createAgent({ connectTimeout: 2_000, direct: true });
    const target = { url: `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`, agent };
    const { signal } = new AbortController();
    const dispatcher = agent as unknown as EventEmitter;
    const countListeners = () => [
      ...dispatcher.eventNames().map((name) => [name, dispatcher.listenerCount(name)]),
      ["abort", getEventListeners(signal, "abort").length],
      ...process.eventNames().map((name) => [name, process.listenerCount(name as "exit")]),
    ];

    /** Runs streams one after another, by both functions of the library. */
    async function runLane(count: number): Promise<void> {
      for (let at = 0; at < count; at++) {
        if (at % 4 === 0) {
          const { choices } = await chatStream(buildChatOptions(target), signal).collect();
          assert.equal(choices[0]?.message.content, TEXT);
          continue;
        }
        await new Promise<void>((resolve, reject) => {
          let text = "";
          startChat(buildChatOptions(target), {
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
    const runStreams = (count: number) => Promise.all(Array.from({ length: 50 }, () => runLane(count / 50)));

    await runStreams(500);
    const before = countListeners();
    await runStreams(9_500);
    assert.deepEqual(countListeners(), before);
    assert.ok(sockets.size <= 100, `${sockets.size} connections for 50 streams at once`);
    await agent.destroy();
  });
});
