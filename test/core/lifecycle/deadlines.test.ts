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

interface Watched {
  clock: FakeClock;
  deadlines: Deadlines;
  expired: Expiry[];
}

function watched(timeouts: Partial<Timeouts> = {}): Watched {
  const clock = new FakeClock();
  const expired: Expiry[] = [];
  const deadlines = new Deadlines(clock, { ...TIMEOUTS, ...timeouts }, (expiry) => {
    expired.push(expiry);
    deadlines.stop();
  });
  return { clock, deadlines, expired };
}

/** A stream whose answer has begun. */
function streaming(timeouts: Partial<Timeouts> = {}): Watched {
  const made = watched(timeouts);
  made.deadlines.markConnected();
  made.deadlines.markResponse();
  made.deadlines.markBytes(made.clock.now());
  made.deadlines.markContent(made.clock.now());
  return made;
}

describe("Deadlines", () => {
  it("pass for each phase in its own time, counted from its beginning, and never early", async () => {
    const phases: [Expiry, (deadlines: Deadlines) => void][] = [
      ["connect", () => {}],
      ["headers", (deadlines) => deadlines.markConnected()],
      ["firstChunk", (deadlines) => deadlines.markResponse()],
      ["drain", (deadlines) => deadlines.markDraining()],
    ];
    for (const [phase, enter] of phases) {
      const { clock, deadlines, expired } = watched();
      await clock.advance(40);
      enter(deadlines);
      const left = TIMEOUTS[phase] - (phase === "connect" ? 40 : 0);
      await clock.advance(left - 1);
      assert.deepEqual(expired, [], phase);
      await clock.advance(1);
      assert.deepEqual(expired, [phase]);
    }
  });

  it("know whether a connection was made", () => {
    const { deadlines } = watched();
    assert.equal(deadlines.hasConnected, false);
    deadlines.markConnected();
    assert.equal(deadlines.hasConnected, true);
    deadlines.markConnecting();
    assert.equal(deadlines.hasConnected, false);
    deadlines.stop();
  });

  it("do not pass while bytes and content flow", async () => {
    const { clock, deadlines, expired } = streaming();
    for (let at = 0; at < 12; at++) {
      await clock.advance(350);
      deadlines.markBytes(clock.now());
      deadlines.markContent(clock.now());
    }
    assert.deepEqual(expired, []);
    deadlines.stop();
  });

  it("pass when no byte comes", async () => {
    const { clock, expired } = streaming();
    await clock.advance(399);
    assert.deepEqual(expired, []);
    await clock.advance(1);
    assert.deepEqual(expired, ["idle"]);
  });

  it("pass when bytes come but never content", async () => {
    const { clock, deadlines, expired } = streaming();
    for (let at = 0; at < 5 && expired.length === 0; at++) {
      await clock.advance(250);
      deadlines.markBytes(clock.now());
    }
    assert.deepEqual(expired, ["progress"]);
  });

  it("pass for the whole, whatever flows", async () => {
    const { clock, deadlines, expired } = streaming();
    for (let at = 0; at < 50 && expired.length === 0; at++) {
      await clock.advance(100);
      deadlines.markBytes(clock.now());
      deadlines.markContent(clock.now());
    }
    assert.deepEqual(expired, ["total"]);
  });

  it("go back to streaming when content follows the end of another choice", async () => {
    const { clock, deadlines, expired } = streaming();
    deadlines.markDraining();
    await clock.advance(40);
    deadlines.markContent(clock.now());
    deadlines.markBytes(clock.now());
    await clock.advance(300);
    assert.deepEqual(expired, []);
    deadlines.markDraining();
    deadlines.markDraining();
    await clock.advance(50);
    assert.deepEqual(expired, ["drain"]);
  });

  it("look again after a blocked event loop: what waited in the kernel is read before the verdict", async () => {
    const { clock, deadlines, expired } = streaming();
    const jumped = clock.jump(450);
    // The timer has fired; the bytes are read in the same turn of the loop.
    deadlines.markBytes(clock.now());
    deadlines.markContent(clock.now());
    await jumped;
    assert.deepEqual(expired, []);
    await clock.advance(400);
    assert.deepEqual(expired, ["idle"]);
  });

  it("pass once after a machine has slept, and then no more", async () => {
    const { clock, expired } = streaming();
    await clock.jump(10_000_000);
    await clock.advance(10_000_000);
    assert.deepEqual(expired, ["idle"]);
  });

  it("keep one timer, and none once they are stopped", async () => {
    const { clock, deadlines, expired } = streaming();
    for (let at = 0; at < 5; at++) {
      deadlines.markContent(clock.now());
      deadlines.markDraining();
      assert.equal(clock.waiting, 1);
    }
    deadlines.stop();
    deadlines.markResponse();
    assert.equal(clock.waiting, 0);
    await clock.advance(10_000);
    assert.deepEqual(expired, []);
  });

  it("may be further away than a timer can be set", () => {
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
