import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { guardEachTest } from "../support/runtime/guards.js";
import {
  DONE,
  formatAnswer,
  formatDelta,
  formatFinish,
  formatRecord,
  TEXT,
  WORDS,
} from "../support/services/answers.js";
import { startChaosServer } from "../support/services/chaos-server.js";
import type { Framing, Peer } from "../support/services/peer.js";
import {
  createBandwidthLimit,
  createLatency,
  createRandomSlicer,
  createSlicer,
} from "../support/services/toxics.js";
import { until } from "../support/waiting.js";
import { ask, assertComplete, assertFailed, start } from "../support/worlds/asking.js";

/** Short enough to wait for, long enough that a busy machine does not trip over it. */
const SOON = 40;

const RECORDS = formatAnswer(WORDS);

describe("Faults of the network, in the answer", () => {
  guardEachTest();

  it("N06: a service that accepts and says nothing is a timeout in the headers, not before its time", async () => {
    await using server = await startChaosServer((peer) => peer.waitUntilGone());
    const told = await ask(server, { timeouts: { headers: SOON } });
    assertFailed(told, "timeout", { phase: "headers", retryable: true });
    assert.ok(told.result.stats.durationMs >= SOON - 1);
    await server.waitUntilEmpty();
  });

  it("N07: headers and then nothing is a timeout before the first chunk", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.waitUntilGone();
    });
    const told = await ask(server, { timeouts: { firstChunk: SOON } });
    assertFailed(told, "timeout", { phase: "first_chunk", retryable: true });
    assert.ok(told.result.stats.durationMs >= SOON - 1);
    await server.waitUntilEmpty();
  });

  it("N08: silence after any record is a timeout that keeps what was said", async () => {
    // After the role, so that the first text has come; before the finish reason.
    await Promise.all(
      WORDS.map(async (_word, k) => {
        await using server = await startChaosServer(async (peer) => {
          await peer.sendStreamHead();
          await peer.sendBody(RECORDS.slice(0, k + 2).join(""));
          await peer.waitUntilGone();
        });
        const told = await ask(server, { timeouts: { idle: SOON } });
        const partial = WORDS.slice(0, k + 1).join("");
        assertFailed(told, "timeout", { phase: "streaming", retryable: true, partial });
        assert.ok(told.result.stats.durationMs >= SOON - 1);
        await server.waitUntilEmpty();
      }),
    );
  });

  it("N09: pings keep the silence away but not the lack of progress", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("so far"));
      while (await peer.sendBody(": ping\n\n")) await pause(5);
    });
    const told = await ask(server, { timeouts: { idle: 5 * SOON, progress: 6 * SOON } });
    const failure = assertFailed(told, "timeout", { phase: "streaming", retryable: true, partial: "so far" });
    assert.match(failure.message, /without sending any content/);
    await server.waitUntilEmpty();
  });

  it("N09: pings before the first chunk do not keep it waiting for ever", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      while (await peer.sendBody(": OPENROUTER PROCESSING\n\n")) await pause(5);
    });
    assertFailed(await ask(server, { timeouts: { idle: 15, firstChunk: SOON } }), "timeout", {
      phase: "first_chunk",
      retryable: true,
    });
  });

  it("N10: one byte per packet tells the same as all in one", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      await peer.sendStreamHead();
      if (nth === 1) peer.toxics = [createSlicer(1)];
      await peer.sendBody(RECORDS.join(""));
      peer.toxics = [];
      await peer.endBody();
    });
    const [whole, sliced] = [await ask(server), await ask(server)];
    assertComplete(sliced, TEXT);
    assert.deepEqual(sliced.texts, WORDS);
    assert.deepEqual(sliced.result.completion.choices, whole.result.completion.choices);
    assert.deepEqual(sliced.result.completion.usage, whole.result.completion.usage);
  });

  it("N10: packets of any size tell the same", async () => {
    await using server = await startChaosServer(async (peer, nth) => {
      peer.toxics = [createRandomSlicer(nth + 1, 40)];
      await peer.sendStreamHead();
      for (const record of RECORDS) await peer.sendBody(record);
      await peer.endBody();
    });
    for (let seed = 0; seed < 20; seed++) {
      const told = await ask(server);
      assertComplete(told, TEXT);
      assert.deepEqual(told.texts, WORDS);
    }
  });

  it("N11: a slow line completes, for no deadline passes while it moves", async () => {
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
    const told = await ask(server, { timeouts: { idle: 200, firstChunk: 400 } });
    assertComplete(told, "soslow");
    assert.ok(told.result.stats.durationMs > 100, "it was slow indeed");
  });

  it("N12: a reset inside a character leaves no half of it behind", async () => {
    const cut = Buffer.from(formatDelta("né"));
    const inside = cut.indexOf(Buffer.from("é")) + 1;
    for (const framing of ["chunked", "close"] as Framing[]) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead(framing);
        await peer.sendBody(formatDelta("A"));
        await until(() => asking.text() === "A", "the first text is told");
        await peer.sendBody(cut.subarray(0, inside));
        await pause(5);
        peer.reset();
      });
      const asking = start(server);
      const told = await asking.told;
      assertFailed(told, "interrupted", { phase: "streaming", retryable: true, partial: "A" });
      assert.ok(!told.text.includes("\ufffd"));
    }
  });

  it("N14: a clean end without a finish reason and marker is no success", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead("close");
      await peer.sendBody(RECORDS.slice(0, 4).join(""));
      await peer.endBody();
    });
    const partial = WORDS.slice(0, 3).join("");
    assertFailed(await ask(server), "interrupted", { phase: "streaming", retryable: true, partial });
  });

  it("N15: a clean end after the finish reason is complete", async () => {
    for (const framing of ["chunked", "close"] as Framing[]) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead(framing);
        await peer.sendBody(formatDelta("all") + formatFinish());
        await peer.endBody();
      });
      const told = await ask(server);
      assertComplete(told, "all");
      assert.equal(told.result.completion.usage, null);
    }
  });

  it("N15: so is a broken connection after the finish reason: asking again would say the same", async () => {
    for (const broken of ["close", "reset"] as const) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        await peer.sendBody(formatDelta("all") + formatFinish());
        await until(() => asking.text() === "all", "the text is told");
        await pause(5);
        peer[broken]();
      });
      const asking = start(server);
      assertComplete(await asking.told, "all");
    }
  });

  it("N16: the end marker ends the stream, and a socket left open is destroyed", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(RECORDS.join(""));
      await peer.waitUntilGone();
    });
    // Any deadline that had to be waited for would be seconds away.
    assertComplete(await ask(server), TEXT);
    assert.equal(server.peers.size, 1, "the end is told before the socket is gone");
    await server.waitUntilEmpty();
  });

  it("N17: a finish reason and then silence is complete without usage once the wait for it is over", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("all") + formatFinish());
      while (await peer.sendBody(": ping\n\n")) await pause(5);
    });
    const told = await ask(server, { timeouts: { drain: SOON, idle: 1_000 } });
    assertComplete(told, "all");
    assert.equal(told.result.completion.usage, null);
    assert.ok(told.result.stats.durationMs >= SOON - 1);
    await server.waitUntilEmpty();
  });

  it("N17: the first of two answers is whole, and the second is waited for", async () => {
    const second = (rest: object) => formatRecord({ choices: [{ index: 1, ...rest }] });
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("one") + formatFinish());
      await pause(SOON * 3);
      await peer.sendBody(
        second({ delta: { content: "two" } }) + second({ delta: {}, finish_reason: "stop" }),
      );
      await peer.sendBody(DONE);
      await peer.endBody();
    });
    const told = await ask(server, { parameters: { n: 2 }, timeouts: { drain: SOON } });
    assertComplete(told, "one");
    assert.deepEqual(
      told.result.completion.choices.map(({ message }) => message.content),
      ["one", "two"],
    );
  });

  /** A piece that says, as every one of some services does, that it is the last. */
  const lastly = (content: string) =>
    formatRecord({ choices: [{ index: 0, delta: { content }, finish_reason: "stop" }] });

  it("N17: a finish reason on every piece ends no answer before the connection does", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      for (const [at, word] of WORDS.slice(0, 3).entries()) {
        await peer.sendBody(lastly(word) + (at === 0 ? "" : formatFinish()));
        await pause(SOON);
      }
      await peer.endBody();
    });
    assertComplete(await ask(server, { timeouts: { drain: SOON / 4 } }), WORDS.slice(0, 3).join(""));
  });

  it("N17: and after it silence is a timeout, but a success where it came once, with the last piece", async () => {
    const silentAfter = (...pieces: string[]) =>
      startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        for (const piece of pieces) await peer.sendBody(lastly(piece));
        await peer.waitUntilGone();
      });
    const timeouts = { drain: SOON / 4, idle: SOON };
    await using many = await silentAfter("one", "two");
    assertFailed(await ask(many, { timeouts }), "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "onetwo",
    });
    await using once = await silentAfter("all");
    assertComplete(await ask(once, { timeouts }), "all");
  });

  it("N17: a finish reason on the last of several pieces needs no more than the wait for the usage", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("al") + lastly("l"));
      await peer.waitUntilGone();
    });
    assertComplete(await ask(server, { timeouts: { drain: SOON } }), "all");
  });

  it("N14: the first of two answers is no success where the connection ends before the second", async () => {
    for (const end of ["endBody", "close"] as const) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        await peer.sendBody(formatDelta("one") + formatFinish());
        await peer[end]();
      });
      const told = await ask(server, { parameters: { n: 2 } });
      // A service that closed in due form gives no more the next time.
      const retryable = end === "close";
      assertFailed(told, "interrupted", { phase: "streaming", retryable, partial: "one" });
      if (end === "endBody") assert.match(told.result.failure!.message, /only 1 of the 2 answers/);
    }
  });

  it("N18: a peer that neither reads nor writes is a timeout, and cancelling does not wait for it", async () => {
    const dead = async (peer: Peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("last words"));
      peer.socket.pause();
      await pause(SOON * 2);
      peer.socket.destroy();
    };
    await using server = await startChaosServer(dead);
    assertFailed(await ask(server, { timeouts: { idle: SOON } }), "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "last words",
    });
    const asking = start(server);
    await until(() => asking.text() !== "", "the first text is told");
    asking.cancel();
    assert.equal((await asking.told).result.outcome, "cancelled");
  });

  it("N21: interim responses, chunk extensions and trailers are passed over", async () => {
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
    assertComplete(await ask(server), TEXT);
    assertComplete(await ask(server), TEXT);
    assert.equal(server.connections, 1, "the connection is in step and serves the next");
  });
});
