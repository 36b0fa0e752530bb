import assert from "node:assert/strict";
import sinon from "sinon";
import { systemClock } from "../../../src/transport/system-clock.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import {
  formatAnswer,
  formatDelta,
  sendDotAndStall,
  sendWholeAnswer,
  TEXT,
  WORDS,
} from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitTicks, waitUntil } from "../../support/waiting.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  SHORT_MS,
  startStream,
} from "../../support/worlds/started-stream.js";

describe("Clock that jumps or stops", () => {
  guardEachTest();

  for (const jump of [3_600_000, -3_600_000]) {
    it(`Y12: ends no stream and delays no deadline if the wall clock jumps by ${jump / 3_600_000} h`, async () => {
      let peer: Peer | undefined;
      await using server = await startChaosServer(async (connected) => {
        peer = connected;
        await sendDotAndStall(connected);
      });
      const wall = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      try {
        const stream = startStream(server, { timeouts: { idle: 3 * SHORT_MS, total: 10_000 } });
        await waitUntil(() => stream.getText() === ".", "the first text");
        wall.setSystemTime(Date.now() + jump);
        await waitTicks(10);
        await peer!.sendBody(formatDelta("!"));
        await waitUntil(() => stream.getText() === ".!", "the stream goes on");
        const answer = await stream.finished;
        assertStreamFailed(answer, "timeout", { phase: "streaming", retryable: true, partial: ".!" });
        assert.ok(
          answer.result.stats.durationMs >= 3 * SHORT_MS - 1 && answer.result.stats.durationMs < 10_000,
        );
      } finally {
        wall.restore();
      }
    });
  }

  it("Y13: ends no stream if the event loop is blocked while data comes", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      for (const word of WORDS) {
        await peer.sendBody(formatDelta(word));
        // The kernel holds the bytes, and every deadline passes before the client can read them.
        blockLoop(SHORT_MS * 2);
      }
      await peer.sendBody(formatAnswer([]).slice(-3).join(""));
      await peer.endBody();
    });
    assertStreamComplete(
      await ask(server, { timeouts: { idle: SHORT_MS, firstChunk: SHORT_MS, progress: SHORT_MS } }),
      TEXT,
    );
  });

  it("Y13: ends no stream if the event loop is blocked while connecting or before the headers", async () => {
    await using server = await startChaosServer(async (peer) => {
      blockLoop(SHORT_MS * 2);
      await sendWholeAnswer(peer);
      blockLoop(SHORT_MS * 2);
    });
    const stream = startStream(server, {
      timeouts: { connect: SHORT_MS, headers: SHORT_MS, firstChunk: SHORT_MS },
    });
    blockLoop(SHORT_MS * 2);
    assertStreamComplete(await stream.finished, TEXT);
  });

  it("Y14: times out once after the machine slept, and completes the next stream", async () => {
    const clock = new FakeClock();
    await using server = await startChaosServer((peer, nth) =>
      nth === 0 ? sendDotAndStall(peer) : sendWholeAnswer(peer),
    );
    const stream = startStream(server, { clock });
    await waitUntil(() => stream.getText() === ".", "the first text");
    await clock.jump(3_600_000);
    assertStreamFailed(await stream.finished, "timeout", {
      phase: "streaming",
      retryable: true,
      partial: ".",
    });
    assert.equal(clock.timerCount, 0);
    const next = startStream(server, { clock });
    assertStreamComplete(await next.finished, TEXT);
    assert.equal(clock.timerCount, 0);
  });

  it("Y14: reads what came while the machine slept before it checks deadlines", async () => {
    const clock = new FakeClock();
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (connected) => {
      peer = connected;
      await sendDotAndStall(connected);
    });
    const stream = startStream(server, { clock });
    await waitUntil(() => stream.getText() === ".", "the first text");
    void peer!.sendBody(formatDelta("!"));
    await clock.jump(10_000);
    await waitUntil(() => stream.getText() === ".!", "the second text");
    assert.equal(clock.timerCount, 1, "the stream has one timer");
    stream.cancel();
    await stream.finished;
    assert.equal(clock.timerCount, 0);
  });

  it("waits in parts for a deadline that is longer than a timer of Node.js", async () => {
    const waits: number[] = [];
    await using server = await startChaosServer(sendWholeAnswer);
    const clock = {
      ...systemClock,
      setTimer: (callback: () => void, milliseconds: number) => {
        waits.push(milliseconds);
        return systemClock.setTimer(callback, milliseconds);
      },
    };
    const month = 31 * 86_400_000;
    const timeouts = {
      connect: month,
      headers: month,
      firstChunk: month,
      idle: month,
      progress: month,
      total: month,
    };
    assertStreamComplete(await ask(server, { clock, timeouts }), TEXT);
    assert.ok(waits.length > 0 && waits.length < 20);
  });

  /** Blocks the event loop. */
  function blockLoop(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }
});
