import assert from "node:assert/strict";
import { Deadlines, type Expiry } from "../../../src/core/lifecycle/deadlines.js";
import type { Timeouts } from "../../../src/core/limits.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

const TIMEOUTS: Timeouts = {
  connect: 100,
  headers: 200,
  firstChunk: 300,
  idle: 400,
  progress: 1_000,
  total: 5_000,
  drain: 50,
};

interface WatchedStream {
  clock: FakeClock;
  deadlines: Deadlines;
  expired: Expiry[];
}

function watchStream(timeouts: Partial<Timeouts> = {}): WatchedStream {
  const clock = new FakeClock();
  const expired: Expiry[] = [];
  const deadlines = new Deadlines(clock, { ...TIMEOUTS, ...timeouts }, (expiry) => {
    expired.push(expiry);
    deadlines.stop();
  });
  return { clock, deadlines, expired };
}

/** Watches a stream whose answer has begun. */
function watchAnswer(timeouts: Partial<Timeouts> = {}): WatchedStream {
  const made = watchStream(timeouts);
  made.deadlines.markConnected();
  made.deadlines.markResponse();
  made.deadlines.markBytes(made.clock.now());
  made.deadlines.markContent(made.clock.now());
  return made;
}

describe("Deadlines", () => {
  it("pass after the time of their phase, counted from its beginning, and never early", async () => {
    const phases: [Expiry, (deadlines: Deadlines) => void][] = [
      ["connect", () => {}],
      ["headers", (deadlines) => deadlines.markConnected()],
      ["firstChunk", (deadlines) => deadlines.markResponse()],
      ["drain", (deadlines) => deadlines.markDraining()],
    ];
    for (const [phase, enter] of phases) {
      const { clock, deadlines, expired } = watchStream();
      await clock.advance(40);
      enter(deadlines);
      const left = TIMEOUTS[phase] - (phase === "connect" ? 40 : 0);
      await clock.advance(left - 1);
      assert.deepEqual(expired, [], phase);
      await clock.advance(1);
      assert.deepEqual(expired, [phase]);
    }
  });

  it("know whether the request has a connection", () => {
    const { deadlines } = watchStream();
    assert.equal(deadlines.hasConnected, false);
    deadlines.markConnected();
    assert.equal(deadlines.hasConnected, true);
    deadlines.markConnecting();
    assert.equal(deadlines.hasConnected, false);
    deadlines.stop();
  });

  it("do not pass while bytes and content arrive", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    for (let at = 0; at < 12; at++) {
      await clock.advance(350);
      deadlines.markBytes(clock.now());
      deadlines.markContent(clock.now());
    }
    assert.deepEqual(expired, []);
    deadlines.stop();
  });

  it("pass if no byte comes (idle)", async () => {
    const { clock, expired } = watchAnswer();
    await clock.advance(399);
    assert.deepEqual(expired, []);
    await clock.advance(1);
    assert.deepEqual(expired, ["idle"]);
  });

  it("pass if bytes come but no content (progress)", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    for (let at = 0; at < 5 && expired.length === 0; at++) {
      await clock.advance(250);
      deadlines.markBytes(clock.now());
    }
    assert.deepEqual(expired, ["progress"]);
  });

  it("pass if the stream takes too long in all (total)", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    for (let at = 0; at < 50 && expired.length === 0; at++) {
      await clock.advance(100);
      deadlines.markBytes(clock.now());
      deadlines.markContent(clock.now());
    }
    assert.deepEqual(expired, ["total"]);
  });

  it("return to streaming if content follows the end of another choice", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    deadlines.markDraining();
    await clock.advance(40);
    deadlines.markContent(clock.now());
    deadlines.markBytes(clock.now());
    await clock.advance(300);
    assert.deepEqual(expired, []);
    deadlines.markDraining();
    await clock.advance(50);
    assert.deepEqual(expired, ["drain"]);
  });

  it("are not put off by the ends of further choices, once every choice has ended", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    deadlines.markDraining();
    await clock.advance(30);
    deadlines.markDraining();
    await clock.advance(20);
    assert.deepEqual(expired, ["drain"]);
  });

  it("do not pass if they are stopped while reads are awaited", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    const jumped = clock.jump(450);
    deadlines.stop();
    await jumped;
    assert.deepEqual(expired, []);
  });

  it("do not pass after a blocked event loop if data waits in the kernel", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    const jumped = clock.jump(450);
    // The timer has fired; the bytes are read in the same turn of the loop.
    deadlines.markBytes(clock.now());
    deadlines.markContent(clock.now());
    await jumped;
    assert.deepEqual(expired, []);
    await clock.advance(400);
    assert.deepEqual(expired, ["idle"]);
  });

  it("pass only once after the machine has slept", async () => {
    const { clock, expired } = watchAnswer();
    await clock.jump(10_000_000);
    await clock.advance(10_000_000);
    assert.deepEqual(expired, ["idle"]);
  });

  it("use one timer, and none after they are stopped", async () => {
    const { clock, deadlines, expired } = watchAnswer();
    for (let at = 0; at < 5; at++) {
      deadlines.markContent(clock.now());
      deadlines.markDraining();
      assert.equal(clock.timerCount, 1);
    }
    deadlines.stop();
    deadlines.markResponse();
    assert.equal(clock.timerCount, 0);
    await clock.advance(10_000);
    assert.deepEqual(expired, []);
  });

  it("may be longer than a timer of Node.js", () => {
    const waits: number[] = [];
    const clock = new FakeClock();
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (callback, milliseconds) => {
      waits.push(milliseconds);
      return setTimer(callback, milliseconds);
    };
    const month = 31 * 24 * 3_600_000;
    new Deadlines(clock, { ...TIMEOUTS, connect: month, total: month }, () => {}).stop();
    assert.deepEqual(waits, [2 ** 31 - 1]);
  });
});
