import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { guardEachTest } from "../../support/runtime/guards.js";
import {
  DONE,
  formatAnswer,
  formatDelta,
  formatFinish,
  formatRecord,
  TEXT,
  WORDS,
} from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Framing } from "../../support/services/peer.js";
import { waitUntil } from "../../support/waiting.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  SHORT_MS,
  startStream,
} from "../../support/worlds/started-stream.js";

const RECORDS = formatAnswer(WORDS);

describe("End of an answer", () => {
  guardEachTest();

  it("N14: fails with interrupted if the body ends without a finish reason or an end marker", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead("close");
      await peer.sendBody(RECORDS.slice(0, 4).join(""));
      await peer.endBody();
    });
    const partial = WORDS.slice(0, 3).join("");
    assertStreamFailed(await ask(server), "interrupted", { phase: "streaming", retryable: true, partial });
  });

  it("N15: completes if the body ends after the finish reason", async () => {
    for (const framing of ["chunked", "close"] as Framing[]) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead(framing);
        await peer.sendBody(formatDelta("all") + formatFinish());
        await peer.endBody();
      });
      const answer = await ask(server);
      assertStreamComplete(answer, "all");
      assert.equal(answer.result.completion.usage, null);
    }
  });

  it("N15: completes if the connection breaks after the finish reason", async () => {
    for (const broken of ["close", "reset"] as const) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        await peer.sendBody(formatDelta("all") + formatFinish());
        await waitUntil(() => stream.getText() === "all", "the text is sent");
        await pause(5);
        peer[broken]();
      });
      const stream = startStream(server);
      assertStreamComplete(await stream.finished, "all");
    }
  });

  it("N16: ends the stream at the end marker, and closes a connection that the service leaves open", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(RECORDS.join(""));
      await peer.waitUntilGone();
    });
    // The shortest deadline is seconds away.
    assertStreamComplete(await ask(server), TEXT);
    assert.equal(server.peers.size, 1, "the stream ends before the socket is closed");
    await server.waitUntilEmpty();
  });

  it("N17: completes without usage if none comes in time after the finish reason", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("all") + formatFinish());
      while (await peer.sendBody(": ping\n\n")) await pause(5);
    });
    const answer = await ask(server, { timeouts: { drain: SHORT_MS, idle: 1_000 } });
    assertStreamComplete(answer, "all");
    assert.equal(answer.result.completion.usage, null);
    assert.ok(answer.result.stats.durationMs >= SHORT_MS - 1);
    await server.waitUntilEmpty();
  });

  it("N17: waits for the second of two answers after the first has finished", async () => {
    const formatSecondChoice = (rest: object) => formatRecord({ choices: [{ index: 1, ...rest }] });
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("one") + formatFinish());
      await pause(SHORT_MS * 3);
      await peer.sendBody(
        formatSecondChoice({ delta: { content: "two" } }) +
          formatSecondChoice({ delta: {}, finish_reason: "stop" }),
      );
      await peer.sendBody(DONE);
      await peer.endBody();
    });
    const answer = await ask(server, { parameters: { n: 2 }, timeouts: { drain: SHORT_MS } });
    assertStreamComplete(answer, "one");
    assert.deepEqual(
      answer.result.completion.choices.map(({ message }) => message.content),
      ["one", "two"],
    );
  });

  /** Formats a record with text and a finish reason, as some services send with every record. */
  const formatFinishingDelta = (content: string) =>
    formatRecord({ choices: [{ index: 0, delta: { content }, finish_reason: "stop" }] });

  it("N17: does not end an answer at finish reasons that come with every record, only at the end of the body", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      for (const [at, word] of WORDS.slice(0, 3).entries()) {
        await peer.sendBody(formatFinishingDelta(word) + (at === 0 ? "" : formatFinish()));
        await pause(SHORT_MS);
      }
      await peer.endBody();
    });
    assertStreamComplete(
      await ask(server, { timeouts: { drain: SHORT_MS / 4 } }),
      WORDS.slice(0, 3).join(""),
    );
  });

  it("N17: times out after silence if every record had a finish reason, but completes if only one record had it", async () => {
    const stallAfter = (...pieces: string[]) =>
      startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        for (const piece of pieces) await peer.sendBody(formatFinishingDelta(piece));
        await peer.waitUntilGone();
      });
    const timeouts = { drain: SHORT_MS / 4, idle: SHORT_MS };
    await using many = await stallAfter("one", "two");
    assertStreamFailed(await ask(many, { timeouts }), "timeout", {
      phase: "streaming",
      retryable: true,
      partial: "onetwo",
    });
    await using once = await stallAfter("all");
    assertStreamComplete(await ask(once, { timeouts }), "all");
  });

  it("N17: completes after the wait for the usage if only the last of several records has a finish reason", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      await peer.sendBody(formatDelta("al") + formatFinishingDelta("l"));
      await peer.waitUntilGone();
    });
    assertStreamComplete(await ask(server, { timeouts: { drain: SHORT_MS } }), "all");
  });

  it("N14: fails if the connection ends between the first and the second of two answers", async () => {
    for (const end of ["endBody", "close"] as const) {
      await using server = await startChaosServer(async (peer) => {
        await peer.sendStreamHead();
        await peer.sendBody(formatDelta("one") + formatFinish());
        await peer[end]();
      });
      const answer = await ask(server, { parameters: { n: 2 } });
      // A service that ends the body properly would send one answer the next time, too.
      const retryable = end === "close";
      assertStreamFailed(answer, "interrupted", { phase: "streaming", retryable, partial: "one" });
      if (end === "endBody") assert.match(answer.result.failure!.message, /only 1 of the 2 answers/);
    }
  });
});
