import assert from "node:assert/strict";
import { systemClock } from "../../src/transport/system-clock.js";
import { waitTicks } from "../support/waiting.js";

describe("System clock", () => {
  it("never goes back, and gives the date of the machine", () => {
    const first = systemClock.now();
    assert.ok(systemClock.now() >= first);
    assert.ok(Math.abs(systemClock.date() - Date.now()) < 1_000);
  });

  it("sets and clears timers", async () => {
    const fired: string[] = [];
    const cleared = systemClock.setTimer(() => fired.push("cleared"), 1);
    systemClock.clearTimer(cleared);
    systemClock.clearTimer(undefined);
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5));
    assert.deepEqual(fired, []);
  });

  it("waits for a time that is longer than a timer of Node.js", async () => {
    let fired = false;
    const timer = systemClock.setTimer(() => {
      fired = true;
    }, 1e12);
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 10));
    systemClock.clearTimer(timer);
    assert.equal(fired, false);
  });

  it("calls back after pending reads", async () => {
    const order: string[] = [];
    systemClock.afterReads(() => order.push("after"));
    order.push("before");
    await waitTicks(2);
    assert.deepEqual(order, ["before", "after"]);
  });
});
