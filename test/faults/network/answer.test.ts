import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { guardEachTest } from "../../support/runtime/guards.js";
import {
  DONE,
  formatAnswer,
  formatDelta,
  formatFinish,
  TEXT,
  WORDS,
} from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Framing, Peer } from "../../support/services/peer.js";
import {
  createBandwidthLimit,
  createLatency,
  createRandomSlicer,
  createSlicer,
} from "../../support/services/toxics.js";
import { waitUntil } from "../../support/waiting.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  SHORT_MS,
  startStream,
} from "../../support/worlds/started-stream.js";

const RECORDS = formatAnswer(WORDS);

describe("Answer with a fault of the network", () => {
  guardEachTest();

  it("N06: times out in the headers, not early, if the service accepts the connection but sends nothing", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone());
    const answer = await ask(server, { timeouts: { headers: SHORT_MS } });
    assertStreamFailed(answer, "timeout", { phase: "headers", retryable: true });
    assert.ok(answer.result.stats.durationMs >= SHORT_MS - 1);
    await server.waitUntilEmpty();
  });

  it("N07: times out before the first chunk if nothing follows the headers", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.waitUntilGone();
    });
    const answer = await ask(server, { timeouts: { firstChunk: SHORT_MS } });
    assertStreamFailed(answer, "timeout", { phase: "first_chunk", retryable: true });
    assert.ok(answer.result.stats.durationMs >= SHORT_MS - 1);
    await server.waitUntilEmpty();
  });

  it("N08: times out after silence at any record and keeps the text so far", async () => {
    // From the first text up to the record before the finish reason.
    await Promise.all(
      WORDS.map(async (_word, k) => {
        await using server = await startChaosServer(async (peer) => {
          await peer.sendStreamHead();
          await peer.sendBody(RECORDS.slice(0, k + 2).join(""));
          await peer.waitUntilGone();
        });
        const answer = await ask(server, { timeouts: { idle: SHORT_MS } });
        const partial = WORDS.slice(0, k + 1).join("");
        assertStreamFailed(answer, "timeout", { phase: "streaming", retryable: true, partial });
        assert.ok(answer.result.stats.durationMs >= SHORT_MS - 1);
        await server.waitUntilEmpty();
      }),
    );
  });

  it("N09: times out for lack of progress if only pings come after the first text", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("so far"));
      while (await peer.sendBody(": ping\n\n")) await pause(5);
    });
    const answer = await ask(server, { timeouts: { idle: 5 * SHORT_MS, progress: 6 * SHORT_MS } });
    const failure = assertStreamFailed(answer, "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "so far",
    });
    assert.match(failure.message, /without sending any content/);
    await server.waitUntilEmpty();
  });

  it("N09: times out before the first chunk if only pings come", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      while (await peer.sendBody(": OPENROUTER PROCESSING\n\n")) await pause(5);
    });
    assertStreamFailed(await ask(server, { timeouts: { idle: 15, firstChunk: SHORT_MS } }), "timeout", {
      phase: "first_chunk",
      retryable: true,
    });
  });

  it("N10: reads the same answer from packets of one byte as from one packet", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      await peer.sendStreamHead();
      if (nth === 1) peer.toxics = [createSlicer(1)];
      await peer.sendBody(RECORDS.join(""));
      peer.toxics = [];
      await peer.endBody();
    });
    const [whole, sliced] = [await ask(server), await ask(server)];
    assertStreamComplete(sliced, TEXT);
    assert.deepEqual(sliced.texts, WORDS);
    assert.deepEqual(sliced.result.completion.choices, whole.result.completion.choices);
    assert.deepEqual(sliced.result.completion.usage, whole.result.completion.usage);
  });

  it("N10: reads the same answer from packets of any size", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      peer.toxics = [createRandomSlicer(nth + 1, 40)];
      await peer.sendStreamHead();
      for (const record of RECORDS) await peer.sendBody(record);
      await peer.endBody();
    });
    for (let seed = 0; seed < 20; seed++) {
      const answer = await ask(server);
      assertStreamComplete(answer, TEXT);
      assert.deepEqual(answer.texts, WORDS);
    }
  });

  it("N11: completes on a slow line, because no deadline passes while bytes come", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      peer.toxics = [createBandwidthLimit(1024), createLatency(1)];
      for (const word of ["so", "slow"]) {
        await peer.sendBody(`data: {"choices":[{"delta":{"content":"${word}"}}]}\n\n`);
      }
      peer.toxics = [];
      await peer.sendBody(formatFinish() + DONE);
      await peer.endBody();
    });
    const answer = await ask(server, { timeouts: { idle: 200, firstChunk: 400 } });
    assertStreamComplete(answer, "soslow");
    assert.ok(answer.result.stats.durationMs > 100, "the line was slow");
  });

  it("N12: sends no part of a character if the connection is reset inside it", async () => {
    const cut = Buffer.from(formatDelta("né"));
    const inside = cut.indexOf(Buffer.from("é")) + 1;
    for (const framing of ["chunked", "close"] as Framing[]) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead(framing);
        await peer.sendBody(formatDelta("A"));
        await waitUntil(() => stream.getText() === "A", "the first text is sent");
        await peer.sendBody(cut.subarray(0, inside));
        await pause(5);
        peer.reset();
      });
      const stream = startStream(server);
      const answer = await stream.finished;
      assertStreamFailed(answer, "interrupted", { phase: "streaming", retryable: true, partial: "A" });
      assert.ok(!answer.text.includes("\ufffd"));
    }
  });

  it("N18: times out if the service stops reading and writing, and cancels without waiting for it", async () => {
    const stopReading = async (peer: Peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("last words"));
      peer.socket.pause();
      await pause(SHORT_MS * 2);
      peer.socket.destroy();
    };
    await using server = await startChaosServer(stopReading);
    assertStreamFailed(await ask(server, { timeouts: { idle: SHORT_MS } }), "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "last words",
    });
    const stream = startStream(server);
    await waitUntil(() => stream.getText() !== "", "the first text is sent");
    stream.cancel();
    assert.equal((await stream.finished).result.outcome, "cancelled");
  });

  it("N21: ignores interim responses, chunk extensions and trailers", async () => {
    const body = RECORDS.join("");
    await using server = await startChaosServer(async (peer) => {
      await peer.write("HTTP/1.1 102 Processing\r\n\r\n");
      await peer.write("HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
      await peer.write(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n",
      );
      const size = Buffer.byteLength(body).toString(16);
      await peer.write(`${size};signature="a;b";x=1\r\n${body}\r\n0;last\r\nx-checksum: abc\r\n\r\n`);
    });
    assertStreamComplete(await ask(server), TEXT);
    assertStreamComplete(await ask(server), TEXT);
    assert.equal(server.connections, 1, "the connection is kept for the next request");
  });
});
