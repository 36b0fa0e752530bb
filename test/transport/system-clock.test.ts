import assert from "node:assert/strict";
import { systemClock } from "../../src/transport/system-clock.js";
import { turns } from "../support/waiting.js";

describe("The machine's clock", () => {
  it("goes forward whatever the time of day does", () => {
    const first = systemClock.now();
    assert.ok(systemClock.now() >= first);
    assert.ok(Math.abs(systemClock.date() - Date.now()) < 1_000);
  });

  it("sets timers and clears them", async () => {
    const fired: string[] = [];
    const cleared = systemClock.setTimer(() => fired.push("cleared"), 1);
    systemClock.clearTimer(cleared);
    systemClock.clearTimer(undefined);
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 5));
    assert.deepEqual(fired, []);
  });

  it("waits long where it is to wait longer than a timer can", async () => {
    let fired = false;
    const timer = systemClock.setTimer(() => {
      fired = true;
    }, 1e12);
    await new Promise<void>((resolve) => systemClock.setTimer(resolve, 10));
    systemClock.clearTimer(timer);
    assert.equal(fired, false);
  });

  it("calls back after what waits to be read", async () => {
    const order: string[] = [];
    systemClock.afterReads(() => order.push("after"));
    order.push("before");
    await turns(2);
    assert.deepEqual(order, ["before", "after"]);
  });
});
