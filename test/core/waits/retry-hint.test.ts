import assert from "node:assert/strict";
import { type Headers, readHeader } from "../../../src/core/headers.js";
import { parseDuration } from "../../../src/core/waits/duration.js";
import { readRetryHint, readShouldRetry } from "../../../src/core/waits/retry-hint.js";

const NOW = Date.parse("2026-01-01T00:00:00Z");

describe("Retry hint", () => {
  const hint = (headers: Headers, body?: unknown, text = "") => readRetryHint(headers, body, text, NOW);

  it("reads Retry-After in seconds, also with decimals, negative or far away", () => {
    for (const [value, wait] of [
      ["20", 20_000],
      ["1.5", 1500],
      ["0", 0],
      ["-5", -5000],
      ["86400", 86_400_000],
    ] as const) {
      assert.equal(hint({ "retry-after": value }), wait, value);
    }
  });

  it("reads Retry-After as a date", () => {
    assert.equal(hint({ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }), 30_000);
    assert.equal(hint({ "retry-after": "Wed, 31 Dec 2025 23:59:00 GMT" }), 0, "past: now, and no refusal");
  });

  it("prefers retry-after-ms to all other hints", () => {
    assert.equal(hint({ "retry-after-ms": "250", "retry-after": "20" }, undefined, "try again in 5s"), 250);
  });

  it("finds no hint in headers without a number or date", () => {
    for (const value of ["", " ", "soon", "NaN", "Infinity"]) {
      assert.equal(hint({ "retry-after": value, "retry-after-ms": value }), undefined, value);
    }
  });

  it("reads the delay in Google's error details, in an object or a list", () => {
    const error = { details: [{ "@type": "x" }, 7, { retryDelay: "45.837906927s" }] };
    assert.equal(Math.round(hint({}, { error })!), 45_838);
    assert.equal(Math.round(hint({}, [{ error }])!), 45_838);
    const quota = { error: { details: [{ metadata: { quotaResetDelay: "373.8ms" } }] } };
    assert.equal(hint({}, quota), 373.8);
    assert.equal(hint({}, { error: { details: [{ retryDelay: 5 }] } }), 5000);
    assert.equal(hint({}, { error: { details: "later" } }), undefined);
  });

  it("reads the delay in an error message", () => {
    for (const [text, wait] of [
      ["Rate limit reached. Please try again in 5.289s. Visit", 5289],
      ["Please retry in 26.66s.", 26_660],
      ["please try again in 6m0s", 360_000],
      ["try again in 20 seconds or so", 20_000],
      ["Please retry after 20 seconds", 20_000],
      ["Try again in 2 minutes 5 seconds", 125_000],
      ["try again in 8ms", 8],
      ["try again in 1h", 3_600_000],
    ] as const) {
      assert.equal(hint({}, undefined, text), wait, text);
    }
    for (const text of ["try again later", "retry in a while", "in 5s", "retry in 5 bananas"]) {
      assert.equal(hint({}, undefined, text), undefined, text);
    }
  });

  it("reads headers of Azure, gateways and the IETF draft", () => {
    for (const [headers, wait] of [
      [{ "x-ms-retry-after-ms": "4500" }, 4500],
      [{ "llm_provider-retry-after": "9" }, 9000],
      [{ "llm_provider-retry-after-ms": "900" }, 900],
      [{ "x-retry-after": "8" }, 8000],
      [{ "retry-after": "12s" }, 12_000],
      [{ ratelimit: '"minute";r=0;t=30, "day";r=5;t=900' }, 30_000],
      [{ ratelimit: "limit=100, remaining=0, reset=50" }, 50_000],
      [{ "ratelimit-remaining": "0", "ratelimit-reset": "30" }, 30_000],
      [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "7" }, 7000],
      [{ "x-ratelimit-reset-after": "7.5" }, 7500],
      [{ "x-rate-limit-remaining": "0", "x-rate-limit-reset": "9" }, 9000],
      [
        {
          "llm_provider-x-ratelimit-remaining-tokens": "0",
          "llm_provider-x-ratelimit-reset-tokens": "6s",
        },
        6000,
      ],
    ] as const) {
      assert.equal(hint(headers), wait, JSON.stringify(headers));
    }
    assert.equal(hint({ ratelimit: '"minute";r=3;t=30' }), undefined, "a bucket with something left");
  });

  it("reads fields of the body, in any place and unit", () => {
    const reset = { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": String(NOW + 6000) };
    for (const [body, wait] of [
      [{ error: { retry_after: 8 } }, 8000],
      [{ error: { retry_after_ms: 800 } }, 800],
      [{ error: "x", retry_after_seconds: 3 }, 3000],
      [{ error: "x", retryAfter: "5s" }, 5000],
      [{ retryAfterMs: 1234 }, 1234],
      [{ error: { metadata: { headers: { "Retry-After": "7" } } } }, 7000],
      [{ error: { metadata: { headers: reset } } }, 6000],
      [{ error: { metadata: { retry_after_seconds: 11 } } }, 11_000],
      [{ error: "loading", estimated_time: 20.5 }, 20_500],
      [{ error: { details: [{ retryDelay: { seconds: 30, nanos: 500_000_000 } }] } }, 30_500],
      [{ error: { resets_in_seconds: 40 } }, 40_000],
      [{ error: { resets_at: NOW / 1000 + 50 } }, 50_000],
      [{ error: { reset_at: "2026-01-01T00:01:00Z" } }, 60_000],
      [{ error: { extensions: { retryAfter: 6 } } }, 6000],
      [{ error: { seconds_until_reset: 12 } }, 12_000],
      [{ error: { ms_until_retry: 250 } }, 250],
      [{ error: { timeUntilReset: "2m" } }, 120_000],
      [{ error: { backoff_time: 3 } }, 3000],
    ] as const) {
      assert.equal(hint({}, body), wait, JSON.stringify(body));
    }
    for (const body of [
      { error: { retry: true, after: 5 } },
      { usage: { total: 9 } },
      { error: { wait: "long" } },
    ])
      assert.equal(hint({}, body), undefined, JSON.stringify(body));
  });

  it("reads other sentences with a time", () => {
    for (const [text, wait] of [
      ["Please wait 30 seconds before trying again", 30_000],
      ["Rate limit resets in 2m", 120_000],
      ["retry in 1 minute and 5 seconds", 65_000],
      ["Try again in about 10 seconds", 10_000],
      ["You can try your request again in 15 seconds.", 15_000],
      ["quota will reset after 1h2m", 3_720_000],
      ["Next request allowed in 4.5 seconds", 4500],
      ["Expected wait time: 12 seconds", 12_000],
      ["Back off for 3 seconds", 3000],
      ["available again in 3 min", 180_000],
      ["Wait at least 6 seconds", 6000],
      ["Retry-After: 30", 30_000],
      ["Try again at 2026-01-01T00:00:09Z", 9000],
    ] as const) {
      assert.equal(hint({}, undefined, text), wait, text);
    }
  });

  it("reads the reset of an empty rate-limit bucket, the latest if several are empty", () => {
    assert.equal(
      hint({
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1m26.4s",
        "x-ratelimit-remaining-tokens": "100",
        "x-ratelimit-reset-tokens": "6h",
      }),
      86_400,
    );
    assert.equal(
      hint({
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "8ms",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "2m59.56s",
      }),
      179_560,
    );
  });

  it("reads a bucket reset in seconds, as a time since 1970, and as a date", () => {
    const reset = (value: string) => hint({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": value });
    assert.equal(reset("12"), 12_000);
    assert.equal(reset("0s"), 0);
    assert.equal(reset(String(NOW / 1000 + 9)), 9000);
    assert.equal(reset(String(NOW + 9000)), 9000);
    assert.equal(
      hint({
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:01:00Z",
      }),
      60_000,
    );
    assert.equal(reset("whenever"), undefined);
  });

  it("ignores a bucket whose rest is not a number", () => {
    for (const rest of ["unlimited", "", "-"]) {
      assert.equal(hint({ "x-ratelimit-remaining": rest, "x-ratelimit-reset": "5" }), undefined, rest);
    }
  });
});

describe("Durations", () => {
  it("are parsed in Go's form and in words; anything else is undefined", () => {
    assert.equal(parseDuration("1h2m3s4ms"), 3_723_004);
    assert.equal(parseDuration("2 hrs"), 7_200_000);
    assert.equal(parseDuration("5 mins"), 300_000);
    assert.equal(parseDuration("7 msecs"), 7);
    assert.equal(parseDuration("3 parsecs"), undefined);
    assert.equal(parseDuration(""), undefined);
  });
});

describe("x-should-retry header", () => {
  it("allows or forbids a retry if it is true or false", () => {
    assert.equal(readShouldRetry({ "x-should-retry": "true" }), true);
    assert.equal(readShouldRetry({ "x-should-retry": "false" }), false);
    assert.equal(readShouldRetry({ "x-should-retry": "perhaps" }), undefined);
    assert.equal(readShouldRetry({}), undefined);
  });
});

describe("Response header", () => {
  it("has the first of several values", () => {
    assert.equal(readHeader({ a: ["1", "2"], b: "3" }, "a"), "1");
    assert.equal(readHeader({ a: [] }, "a"), undefined);
    assert.equal(readHeader({ b: "3" }, "b"), "3");
  });
});
