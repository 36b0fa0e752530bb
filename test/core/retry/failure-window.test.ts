import assert from "node:assert/strict";
import fc from "fast-check";
import { FailureWindow } from "../../../src/core/retry/failure-window.js";

/** A window that has seen so many refusals, a millisecond apart, the last at `now`. */
function refused(times: number, now = 1000): FailureWindow {
  const window = new FailureWindow();
  for (let at = times - 1; at >= 0; at--) window.addRefusal(now - at);
  return window;
}

describe("A window of failures", () => {
  it("lets retries go on while a service that counts failures has no reason to block", () => {
    assert.ok(new FailureWindow().mayRetry(0, 0));
    assert.ok(refused(16).mayRetry(1000, 0));
    assert.ok(!refused(17).mayRetry(1000, 0));
  });

  it("counts those that are under way as if they failed", () => {
    assert.ok(refused(10).mayRetry(1000, 6));
    assert.ok(!refused(10).mayRetry(1000, 7));
  });

  it("forgets what is half a minute old", () => {
    const window = refused(17, 1000);
    assert.ok(!window.mayRetry(1000 + 29_983, 0));
    assert.ok(window.mayRetry(1000 + 29_984, 0), "the first of them is old now");
  });

  it("ends its count with an answer: a service that works in between does not block", () => {
    const window = refused(19);
    window.addAnswer();
    assert.ok(window.mayRetry(1000, 0));
  });

  it("holds nobody back once the limit is passed: the rule has struck, or there is none", () => {
    assert.ok(refused(20).mayRetry(1000, 50));
    assert.ok(refused(300).mayRetry(1000, 50));
    assert.ok(!refused(300).mayRetry(1000 + 29_998, 50), "two of them are left");
  });

  it("keeps the retries of a service that refuses everything from being its 20th failure in half a minute", () => {
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
