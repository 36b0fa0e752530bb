import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure, type FailureCode, type FailureDetails } from "../../../src/core/failure.js";
import { computeBackoff, planRetry } from "../../../src/core/retry/backoff.js";

const OPTIONS = { delay: 500, maxDelay: 20_000 };

function failure(code: FailureCode, details: FailureDetails = {}) {
  return new Failure(code, "It failed.", details).toJSON();
}

/** All but the highest chance: what a wait can be at most, less a millisecond. */
const ALMOST = 1 - 1e-9;

describe("Backing off", () => {
  it("doubles the longest wait with each attempt, up to the limit", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 100, 5000].map((attempt) =>
      computeBackoff(attempt, OPTIONS, ALMOST),
    );
    assert.deepEqual(longest, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000]);
  });

  it("waits anything from nothing to the longest: full jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.nat(100_000),
        fc.nat(100_000),
        fc.double({ min: 0, max: ALMOST, noNaN: true }),
        (attempt, delay, maxDelay, random) => {
          const wait = computeBackoff(attempt, { delay, maxDelay }, random);
          assert.ok(Number.isInteger(wait) && wait >= 0 && wait <= maxDelay);
        },
      ),
    );
    assert.equal(computeBackoff(3, OPTIONS, 0), 0);
    assert.equal(computeBackoff(3, OPTIONS, 0.5), 1000);
    assert.equal(computeBackoff(5000, { delay: 0, maxDelay: 10 }, ALMOST), 0);
  });
});

describe("Deciding after a failure", () => {
  const waits = (details: FailureDetails, random = 0, attempt = 1, code: FailureCode = "server_error") => {
    const decision = planRetry(failure(code, details), attempt, OPTIONS, random);
    return "wait" in decision ? decision.wait : decision.giveUp;
  };

  it("never asks again what cannot succeed, and leaves the words to the failure", () => {
    for (const code of ["invalid_request", "authentication", "insufficient_credits", "not_found"] as const)
      assert.deepEqual(planRetry(failure(code), 1, OPTIONS, 0), { giveUp: "" });
    assert.equal(waits({ retryable: false }), "", "a service's x-should-retry: false");
    assert.equal(waits({ retryable: true }, 0, 1, "invalid_request"), 0, "and its true");
  });

  it("backs off by itself where the service gives no hint, twice as long where it is busy", () => {
    assert.equal(waits({}, ALMOST), 500);
    assert.equal(waits({}, ALMOST, 3), 2000);
    for (const code of ["rate_limit", "overloaded"] as const) assert.equal(waits({}, ALMOST, 1, code), 1000);
    assert.equal(waits({}, ALMOST, 10, "rate_limit"), 20_000);
  });

  it("waits as long as the service asks, and a little apart from the others who were told the same", () => {
    assert.equal(waits({ retryAfterMs: 7000 }, 0), 7000);
    assert.equal(waits({ retryAfterMs: 7000 }, ALMOST), 7500);
    assert.equal(waits({ retryAfterMs: 7000 }, ALMOST, 2), 8000);
    assert.equal(waits({ retryAfterMs: 20_000 }, 0), 20_000);
    assert.equal(waits({ retryAfterMs: 0 }, ALMOST, 4), 4000, "no delay asked for is no haste");
  });

  it("gives up where the service asks for more than the limit, and says both", () => {
    assert.equal(
      waits({ retryAfterMs: 20_001 }),
      "The service wants to be left alone for 20.1 s, and the limit here is 20 s.",
    );
    assert.match(String(waits({ retryAfterMs: 1e12 })), /1000000000 s/);
  });

  it("gives up where the hint is negative: never is meant", () => {
    assert.match(String(waits({ retryAfterMs: -1000 })), /not to be asked again/);
  });

  it("takes a hint that is no number for none", () => {
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, null, "7"])
      assert.equal(waits({ retryAfterMs: odd as number }), 0, String(odd));
  });
});
