import assert from "node:assert/strict";
import fc from "fast-check";
import { FailureWindow } from "../../../src/core/retry/failure-window.js";

/** Creates a window with refusals a millisecond apart, the last at `now`. */
function createWindow(refusals: number, now = 1000): FailureWindow {
  const window = new FailureWindow();
  for (let at = refusals - 1; at >= 0; at--) window.addRefusal(now - at);
  return window;
}

describe("Failure window", () => {
  it("allows retries below 17 recent refusals", () => {
    assert.ok(new FailureWindow().mayRetry(0, 0));
    assert.ok(createWindow(16).mayRetry(1000, 0));
    assert.ok(!createWindow(17).mayRetry(1000, 0));
  });

  it("counts retries under way as refusals", () => {
    assert.ok(createWindow(10).mayRetry(1000, 6));
    assert.ok(!createWindow(10).mayRetry(1000, 7));
  });

  it("forgets refusals after 30 seconds", () => {
    const window = createWindow(17, 1000);
    assert.ok(!window.mayRetry(1000 + 29_983, 0));
    assert.ok(window.mayRetry(1000 + 29_984, 0), "the first refusal is too old now");
  });

  it("resets its count when an answer comes", () => {
    const window = createWindow(19);
    window.addAnswer();
    assert.ok(window.mayRetry(1000, 0));
  });

  it("allows retries beyond 20 recent refusals, because a block is then already in force", () => {
    assert.ok(createWindow(20).mayRetry(1000, 50));
    assert.ok(createWindow(300).mayRetry(1000, 50));
    assert.ok(!createWindow(300).mayRetry(1000 + 29_998, 50), "some refusals are still recent");
  });

  it("never lets a retry be the 20th failure in 30 seconds of a service that refuses everything", () => {
    const step = fc.record({ pause: fc.nat(3000), retry: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = new FailureWindow();
        const failures: { at: number; retry: boolean }[] = [];
        let now = 0;
        for (const { pause, retry } of steps) {
          now += pause;
          const recent = failures.filter(({ at }) => at > now - 30_000).length;
          if (retry && !window.mayRetry(now, 0)) continue;
          if (retry) assert.notEqual(recent, 19);
          failures.push({ at: now, retry });
          window.addRefusal(now);
        }
      }),
    );
  });
});
