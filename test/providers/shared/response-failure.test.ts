import assert from "node:assert/strict";
import type { FailureCode } from "../../../src/core/failure.js";
import { readResponseFailure } from "../../../src/providers/shared/response-failure.js";
import { assertCheap } from "../../support/speed.js";

describe("Response with an error status", () => {
  const read = (body: unknown, status = 400) =>
    readResponseFailure(status, {}, typeof body === "string" ? body : JSON.stringify(body), 0);

  it("is classified by the code of a body in any form", () => {
    const rows: readonly (readonly [body: unknown, code: FailureCode])[] = [
      [{ message: "x", type: "invalid_request_error", code: "context_length_exceeded" }, "context_length"],
      ['\ufeff{"error":{"message":"x","code":"context_length_exceeded"}}', "context_length"],
      ['data: {"error":{"message":"x","code":"context_length_exceeded"}}\n\n', "context_length"],
      [[{ message: "x", code: "context_length_exceeded" }], "context_length"],
      [{ message: '{"error":{"code":"context_length_exceeded"}}' }, "context_length"],
      [{ message: "Gateway: {'error': {'code': 'context_length_exceeded'}}" }, "context_length"],
      [{ detail: { code: "context_length_exceeded" } }, "context_length"],
      [{ errors: [{ message: "x", code: "ContextLengthExceeded" }] }, "context_length"],
      [{ code: "tokens_limit_reached", msg: "x" }, "context_length"],
      [{ message: "x", code: "model_max_prompt_tokens_exceeded" }, "context_length"],
      [{ message: "x", type: "t", code: "rate_limit_exceeded" }, "rate_limit"],
      [{ errorCode: "Throttling.RateQuota", errorMessage: "x" }, "rate_limit"],
      [{ message: "x", code: "insufficient_quota" }, "insufficient_credits"],
      [{ code: "InvalidApiKey", message: "x" }, "authentication"],
      [{ code: "ModelNotFound", message: "x" }, "not_found"],
      [{ error_msg: "x", error_type: "model_not_found" }, "not_found"],
      [{ code: "DataInspectionFailed", message: "x" }, "content_filter"],
    ];
    for (const [body, code] of rows) assert.equal(read(body).code, code, JSON.stringify(body));
  });

  it("quotes no body that says nothing", () => {
    for (const body of [
      "{}",
      "[]",
      "null",
      '""',
      '{"error":{}}',
      '{"error":{"message":"","code":null}}',
      '{"detail":[]}',
    ])
      assert.equal(read(body).message, "Request refused (400)", body);
    assert.equal(read('{"error":0}').message, 'Request refused (400): {"error":0}');
  });

  it("is a wrong key if Google gives that reason or any text about the key says so", () => {
    for (const message of [
      "API Key not found. Please pass a valid API key.",
      "API key expired. Please renew the API key.",
      "API key not valid. Please pass a valid API key.",
      "Please use a valid API key",
      "No API key provided",
      "The API key is invalid or was deleted",
    ]) {
      for (const status of [400, 403]) {
        const { code, retryable } = read({ error: { code: status, message } }, status);
        assert.deepEqual([code, retryable], ["authentication", false], message);
      }
    }
    const details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }];
    assert.equal(
      read({ error: { code: 400, message: "x", status: "INVALID_ARGUMENT", details } }).code,
      "authentication",
    );
    const blocked = [{ reason: "API_KEY_SERVICE_BLOCKED" }];
    assert.equal(read({ error: { code: 403, message: "x", details: blocked } }, 403).code, "permission");
  });

  it("is read within a bounded time, whatever the body", () => {
    const many = Object.fromEntries(
      Array.from({ length: 100_000 }, (_value, at) => [`retry_after_${at}`, at]),
    );
    const bodies = [many, [many, many], { error: many }, { message: '{"message":'.repeat(200_000) }];
    assertCheap(() => bodies.map((body) => read(body)));
  });
});
