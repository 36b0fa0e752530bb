import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure, type FailureCode, type FailureDetails } from "../../../src/core/failure.js";
import { computeBackoff, planRetry } from "../../../src/core/retry/backoff.js";

const OPTIONS = { delay: 500, maxDelay: 20_000 };

function failure(code: FailureCode, details: FailureDetails = {}) {
  return new Failure(code, "It failed.", details).toJSON();
}

/** The highest random number below 1. It gives the longest possible wait. */
const ALMOST = 1 - 1e-9;

describe("Retry backoff", () => {
  it("doubles the longest wait with each attempt up to the limit", () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 100, 5000].map((attempt) =>
      computeBackoff(attempt, OPTIONS, ALMOST),
    );
    assert.deepEqual(longest, [500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000, 20_000]);
  });

  it("draws each wait between 0 and the longest wait (full jitter)", () => {
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

describe("Retry decision", () => {
  const plan = (details: FailureDetails, random = 0, attempt = 1, code: FailureCode = "server_error") => {
    const decision = planRetry(failure(code, details), attempt, OPTIONS, random);
    return "wait" in decision ? decision.wait : decision.giveUp;
  };

  it("gives up without a reason of its own if the failure is not retryable", () => {
    for (const code of ["invalid_request", "authentication", "insufficient_credits", "not_found"] as const)
      assert.deepEqual(planRetry(failure(code), 1, OPTIONS, 0), { giveUp: "" });
    assert.equal(plan({ retryable: false }), "", "a service's x-should-retry: false");
    assert.equal(plan({ retryable: true }, 0, 1, "invalid_request"), 0, "and its true");
  });

  it("backs off if the service gives no hint, twice as long if the service is busy", () => {
    assert.equal(plan({}, ALMOST), 500);
    assert.equal(plan({}, ALMOST, 3), 2000);
    for (const code of ["rate_limit", "overloaded"] as const) assert.equal(plan({}, ALMOST, 1, code), 1000);
    assert.equal(plan({}, ALMOST, 10, "rate_limit"), 20_000);
  });

  it("waits exactly 1, 2 and 4 s with fixed waits, also for a busy service, and never longer than the limit", () => {
    const options = { delay: 1000, maxDelay: 5000, isFixed: true };
    for (const random of [0, 0.3, ALMOST])
      for (const code of ["server_error", "rate_limit"] as const)
        assert.deepEqual(
          [1, 2, 3, 4, 5].map((attempt) => planRetry(failure(code), attempt, options, random)),
          [1000, 2000, 4000, 5000, 5000].map((wait) => ({ wait })),
        );
    assert.deepEqual(planRetry(failure("rate_limit", { retryAfterMs: 3000 }), 1, options, 0), { wait: 4000 });
  });

  it("adds the backoff to the wait that the service asks for", () => {
    assert.equal(plan({ retryAfterMs: 7000 }, 0), 7000);
    assert.equal(plan({ retryAfterMs: 7000 }, ALMOST), 7500);
    assert.equal(plan({ retryAfterMs: 7000 }, ALMOST, 2), 8000);
    assert.equal(plan({ retryAfterMs: 20_000 }, 0), 20_000);
    assert.equal(plan({ retryAfterMs: 0 }, ALMOST, 4), 4000, "a hint of 0 does not shorten the backoff");
  });

  it("gives up if the service asks for a longer wait than the limit, and names both", () => {
    assert.equal(plan({ retryAfterMs: 20_001 }), "The service asked to wait 20.1 s; the limit here is 20 s.");
    assert.match(String(plan({ retryAfterMs: 1e12 })), /1000000000 s/);
  });

  it("gives up if the service's hint is negative, which means never", () => {
    assert.match(String(plan({ retryAfterMs: -1000 })), /not to be retried/);
  });

  it("ignores a hint that is not a finite number", () => {
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, null, "7"])
      assert.equal(plan({ retryAfterMs: odd as number }), 0, String(odd));
  });
});
