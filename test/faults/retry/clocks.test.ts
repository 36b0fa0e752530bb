import assert from "node:assert/strict";
import sinon from "sinon";
import { systemClock } from "../../../src/transport/system-clock.js";
import { guardEachTest } from "../../support/runtime/guards.js";
import { formatAnswer, formatDelta, sendWholeAnswer, TEXT, WORDS } from "../../support/services/answers.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import type { Peer } from "../../support/services/peer.js";
import { waitTicks, waitUntil } from "../../support/waiting.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";
import {
  ask,
  assertStreamComplete,
  assertStreamFailed,
  startStream,
} from "../../support/worlds/started-stream.js";

const SOON = 40;

/** Says something and then waits for ever. */
const stalling = async (peer: Peer) => {
  await peer.sendStreamHead();
  await peer.sendBody(formatDelta("."));
  await peer.waitUntilGone();
};

describe("Clocks that misbehave", () => {
  guardEachTest();

  for (const jump of [3_600_000, -3_600_000]) {
    it(`Y12: a wall clock that jumps by ${jump / 3_600_000} h ends no stream and delays no deadline`, async () => {
      let peer: Peer | undefined;
      await using server = await startChaosServer(async (served) => {
        peer = served;
        await stalling(served);
      });
      const wall = sinon.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
      try {
        const asking = startStream(server, { timeouts: { idle: 3 * SOON, total: 10_000 } });
        await waitUntil(() => asking.getText() === ".", "the first text");
        wall.setSystemTime(Date.now() + jump);
        await waitTicks(10);
        await peer!.sendBody(formatDelta("!"));
        await waitUntil(() => asking.getText() === ".!", "the stream goes on");
        const told = await asking.finished;
        assertStreamFailed(told, "timeout", { phase: "streaming", retryable: true, partial: ".!" });
        assert.ok(told.result.stats.durationMs >= 3 * SOON - 1 && told.result.stats.durationMs < 10_000);
      } finally {
        wall.restore();
      }
    });
  }

  it("Y13: a loop that was blocked while data came ends no stream", async () => {
    await using server = await startChaosServer(async (peer) => {
      await peer.sendStreamHead();
      for (const word of WORDS) {
        await peer.sendBody(formatDelta(word));
        // What was written lies in the kernel; every deadline passes before anybody can read it.
        block(SOON * 2);
      }
      await peer.sendBody(formatAnswer([]).slice(-3).join(""));
      await peer.endBody();
    });
    assertStreamComplete(
      await ask(server, { timeouts: { idle: SOON, firstChunk: SOON, progress: SOON } }),
      TEXT,
    );
  });

  it("Y13: nor does one that was blocked while connecting, or before the headers", async () => {
    await using server = await startChaosServer(async (peer) => {
      block(SOON * 2);
      await sendWholeAnswer(peer);
      block(SOON * 2);
    });
    const asking = startStream(server, { timeouts: { connect: SOON, headers: SOON, firstChunk: SOON } });
    block(SOON * 2);
    assertStreamComplete(await asking.finished, TEXT);
  });

  it("Y14: after a machine slept, a deadline passes once, and the next stream is as good as any", async () => {
    const clock = new FakeClock();
    await using server = await startChaosServer((peer, nth) =>
      nth === 0 ? stalling(peer) : sendWholeAnswer(peer),
    );
    const asking = startStream(server, { clock });
    await waitUntil(() => asking.getText() === ".", "the first text");
    await clock.jump(3_600_000);
    assertStreamFailed(await asking.finished, "timeout", {
      phase: "streaming",
      retryable: true,
      partial: ".",
    });
    assert.equal(clock.timerCount, 0);
    const next = startStream(server, { clock });
    assertStreamComplete(await next.finished, TEXT);
    assert.equal(clock.timerCount, 0);
  });

  it("Y14: what came while it slept is read first", async () => {
    const clock = new FakeClock();
    let peer: Peer | undefined;
    await using server = await startChaosServer(async (served) => {
      peer = served;
      await stalling(served);
    });
    const asking = startStream(server, { clock });
    await waitUntil(() => asking.getText() === ".", "the first text");
    void peer!.sendBody(formatDelta("!"));
    await clock.jump(10_000);
    await waitUntil(() => asking.getText() === ".!", "the second text");
    assert.equal(clock.timerCount, 1, "it is watched over by one timer");
    asking.cancel();
    await asking.finished;
    assert.equal(clock.timerCount, 0);
  });

  it("a deadline further off than a timer can wait is waited for in parts", async () => {
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

  function block(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  }
});
