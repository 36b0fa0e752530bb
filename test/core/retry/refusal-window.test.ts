import assert from "node:assert/strict";
import fc from "fast-check";
import { RefusalWindow } from "../../../src/core/retry/refusal-window.js";

/** The rule of Venice. */
const RULE = { refusals: 20, windowMs: 30_000 };

/** Creates a window with refusals a millisecond apart, the last at `now`. */
function createWindow(refusals: number, now = 1000): RefusalWindow {
  const window = new RefusalWindow(RULE);
  for (let at = refusals - 1; at >= 0; at--) window.addRefusal(now - at);
  return window;
}

describe("Refusal window", () => {
  it("lets retries pass below 17 recent refusals", () => {
    assert.equal(new RefusalWindow(RULE).measureWait(0, 0), 0);
    assert.equal(createWindow(16).measureWait(1000, 0), 0);
    assert.ok(createWindow(17).measureWait(1000, 0) > 0);
  });

  it("counts retries under way as refusals", () => {
    assert.equal(createWindow(10).measureWait(1000, 6), 0);
    assert.ok(createWindow(10).measureWait(1000, 7) > 0);
  });

  it("makes a retry wait until enough refusals are older than the window", () => {
    const window = createWindow(17, 1000);
    const wait = window.measureWait(1000, 0);
    assert.equal(wait, 29_984);
    assert.ok(window.measureWait(1000 + wait - 1, 0) > 0);
    assert.equal(window.measureWait(1000 + wait, 0), 0, "the first refusal is too old now");
  });

  it("resets its count when an answer comes", () => {
    const window = createWindow(19);
    window.addAnswer();
    assert.equal(window.measureWait(1000, 0), 0);
  });

  it("lets retries pass beyond the limit, because the key is then already blocked", () => {
    assert.equal(createWindow(20).measureWait(1000, 50), 0);
    assert.equal(createWindow(300).measureWait(1000, 50), 0);
    assert.ok(createWindow(300).measureWait(1000 + 29_998, 50) > 0, "some refusals are still recent");
  });

  it("never lets a retry be the refusal that blocks the key", () => {
    const step = fc.record({ pause: fc.nat(3000), retry: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const window = new RefusalWindow(RULE);
        const refusals: number[] = [];
        let now = 0;
        for (const { pause, retry } of steps) {
          now += pause;
          const recent = refusals.filter((at) => at > now - RULE.windowMs).length;
          if (retry && window.measureWait(now, 0) > 0) continue;
          if (retry) assert.notEqual(recent, RULE.refusals - 1);
          refusals.push(now);
          window.addRefusal(now);
        }
      }),
    );
  });

  it("never makes a retry wait without end", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000), { maxLength: 40 }), fc.nat(20), (pauses, underWay) => {
        const window = new RefusalWindow(RULE);
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          window.addRefusal(now);
        }
        for (let looks = 0; looks < 50; looks++) {
          const wait = window.measureWait(now, underWay > 16 ? 16 : underWay);
          if (wait === 0) return;
          now += wait;
        }
        assert.fail("it waits for ever");
      }),
    );
  });
});
