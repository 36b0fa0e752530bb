import assert from "node:assert/strict";
import { Failure, type FailureCode } from "../../src/core/failure.js";
import { buildOpenAiError } from "../../src/serving/chat-completions.js";
import { describeFailure } from "../../src/serving/client-failure.js";

const SECRET = "http://10.0.0.3:8080 refused key sk-secret";

/** What a client is told: the HTTP status, OpenAI's code, whether asking again is of use. */
const ROWS: readonly (readonly [FailureCode, number, string | null, boolean])[] = [
  ["invalid_request", 400, null, true],
  ["limit", 400, null, true],
  ["context_length", 400, "context_length_exceeded", true],
  ["content_filter", 400, "content_filter", true],
  ["rate_limit", 429, "rate_limit_exceeded", true],
  ["insufficient_credits", 429, "insufficient_quota", false],
  ["overloaded", 503, "overloaded", true],
  ["timeout", 504, "timeout", true],
  ["connection", 502, "connection", true],
  ["interrupted", 502, "interrupted", true],
  ["bad_response", 502, "bad_response", true],
  ["server_error", 502, "server_error", true],
  ["configuration", 500, null, false],
  ["credentials", 500, null, false],
  ["authentication", 500, null, false],
  ["permission", 500, null, false],
  ["not_found", 500, null, false],
  ["tool_rounds", 500, "tool_rounds", false],
  ["cancelled", 500, "cancelled", false],
];

describe("Failures as clients get to know them", () => {
  for (const [code, status, clientCode, mayRetry] of ROWS) {
    it(`${code} is ${status} ${clientCode}`, () => {
      const described = describeFailure(new Failure(code, SECRET).toJSON());
      assert.equal(described.status, status);
      assert.equal(described.code, clientCode);
      assert.equal(described.isFinal !== true, mayRetry);
      const isAboutRequest = code === "invalid_request" || code === "limit";
      assert.equal(described.message.includes("sk-secret"), isAboutRequest, described.message);
    });
  }

  it("passes the wait that the service asks for on, from 1 to 60 seconds", () => {
    const wait = (retryAfterMs: number, code: FailureCode = "rate_limit") =>
      describeFailure(new Failure(code, "x", { retryAfterMs }).toJSON()).retryAfterS;
    assert.deepEqual(
      [1, 1000, 1001, 59_999, 3_600_000, 0, -5].map((ms) => wait(ms)),
      [1, 1, 2, 60, 60, undefined, undefined],
    );
    assert.equal(wait(5000, "overloaded"), 5);
    assert.equal(wait(5000, "invalid_request"), undefined);
  });

  it("takes a code that it does not know for an error of the server", () => {
    const odd = { ...new Failure("timeout", SECRET).toJSON(), code: "toString" as FailureCode };
    assert.equal(describeFailure(odd).code, "server_error");
  });

  it("has all four fields that the SDKs of OpenAI read, and the headers that they obey", () => {
    const failure = new Failure("insufficient_credits", "x", { retryAfterMs: 2000 }).toJSON();
    const { status, headers, body } = buildOpenAiError(describeFailure(failure));
    assert.equal(status, 429);
    assert.equal(headers["x-should-retry"], "false");
    assert.equal(headers["Retry-After"], "2");
    assert.deepEqual(Object.keys(JSON.parse(body).error), ["message", "type", "param", "code"]);
  });
});
