import assert from "node:assert/strict";
import fc from "fast-check";
import { RefusalWindow } from "../../../src/core/retry/refusal-window.js";

/** Venice's rule. */
const RULE = { refusals: 20, windowMs: 30_000 };

/** A window that has seen this many refusals, a millisecond apart, the last one at `now`. */
function refused(times: number, now = 1000): RefusalWindow {
  const window = new RefusalWindow(RULE);
  for (let at = times - 1; at >= 0; at--) window.addRefusal(now - at);
  return window;
}

describe("A refusal window", () => {
  it("lets retries pass while the service has no reason to block the key", () => {
    assert.equal(new RefusalWindow(RULE).measureWait(0, 0), 0);
    assert.equal(refused(16).measureWait(1000, 0), 0);
    assert.ok(refused(17).measureWait(1000, 0) > 0);
  });

  it("counts retries under way as if they failed", () => {
    assert.equal(refused(10).measureWait(1000, 6), 0);
    assert.ok(refused(10).measureWait(1000, 7) > 0);
  });

  it("says how long to wait: until enough refusals are older than the window", () => {
    const window = refused(17, 1000);
    const wait = window.measureWait(1000, 0);
    assert.equal(wait, 29_984);
    assert.ok(window.measureWait(1000 + wait - 1, 0) > 0);
    assert.equal(window.measureWait(1000 + wait, 0), 0, "the first of them has left");
  });

  it("ends its count with an answer: a service that works in between does not block", () => {
    const window = refused(19);
    window.addAnswer();
    assert.equal(window.measureWait(1000, 0), 0);
  });

  it("holds nothing back once the limit is passed: the rule has struck, or there is none", () => {
    assert.equal(refused(20).measureWait(1000, 50), 0);
    assert.equal(refused(300).measureWait(1000, 50), 0);
    assert.ok(refused(300).measureWait(1000 + 29_998, 50) > 0, "two of them are left");
  });

  it("keeps a retry from being the refusal that has the key blocked, whatever comes before it", () => {
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

  it("never asks for a wait after which there is none to wait for", () => {
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
