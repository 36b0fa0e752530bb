import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { CHOREOAI_PROVIDER } from "../../src/providers/choreoai.js";
import { assertFailure } from "../support/assert-failure.js";

function buildRequest(overrides: Partial<ChatRequest> = {}, baseUrl = "") {
  const endpoint = checkEndpoint(CHOREOAI_PROVIDER, { apiKey: "ch-key", baseUrl });
  const wire = CHOREOAI_PROVIDER.buildChatRequest(
    { model: "m", messages: [{ role: "user", content: "hi" }], ...overrides },
    endpoint,
    {},
  );
  return {
    url: wire.url.href,
    models: CHOREOAI_PROVIDER.buildModelsRequest(endpoint).url.href,
    body: JSON.parse(wire.body!),
  };
}

function assertRefused(overrides: Partial<ChatRequest>, pattern: RegExp): void {
  assertFailure(() => buildRequest(overrides), "invalid_request", pattern, JSON.stringify(overrides));
}

describe("Chat request to ChoreoAI", () => {
  it("goes to the same URL whether the base URL ends in /v1 or not", () => {
    for (const baseUrl of [
      "http://localhost:8000",
      "http://localhost:8000/",
      "http://localhost:8000/v1",
      "http://localhost:8000/v1/",
    ]) {
      const { url, models } = buildRequest({}, baseUrl);
      assert.equal(url, "http://localhost:8000/v1/chat/completions", baseUrl);
      assert.equal(models, "http://localhost:8000/v1/models");
    }
    assert.equal(buildRequest().url, "http://localhost:8000/v1/chat/completions");
    assert.equal(buildRequest({}, "https://h/ai").url, "https://h/ai/v1/chat/completions");
  });

  it("sends what the ChoreoAI server knows, and drops parameters without effect", () => {
    const parameters = {
      temperature: 0,
      stop: ["x"],
      max_tokens: 5,
      n: 1,
      user: "u",
      tool_choice: "auto",
      logprobs: false,
      modalities: ["text"],
      parallel_tool_calls: true,
      metadata: { run: "1" },
    };
    assert.deepEqual(buildRequest({ parameters, tools: [] }).body, {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      temperature: 0,
      stop: ["x"],
      max_tokens: 5,
      user: "u",
    });
    assert.equal(
      buildRequest({ parameters: { response_format: { type: "text" } } }).body.response_format,
      undefined,
    );
  });

  it("sends the token limit as max_tokens, the only name that ChoreoAI knows", () => {
    assert.equal(buildRequest({ parameters: { max_completion_tokens: 7 } }).body.max_tokens, 7);
    const both = buildRequest({ parameters: { max_tokens: 5, max_completion_tokens: 7 } }).body;
    assert.deepEqual([both.max_tokens, both.max_completion_tokens], [7, undefined]);
  });

  it("joins text parts into one text per message, and turns null into an empty text", () => {
    const messages = [
      { role: "system", content: "s", name: "n", extra: 1 },
      {
        role: "user",
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      { role: "assistant", content: null, tool_calls: [] },
    ];
    assert.deepEqual(buildRequest({ messages }).body.messages, [
      { role: "system", content: "s", name: "n" },
      { role: "user", content: "a\nb" },
      { role: "assistant", content: "" },
    ]);
  });

  it("fails with invalid_request that names what the ChoreoAI server would silently drop", () => {
    assertRefused(
      { tools: [{ type: "function", function: { name: "f" } }] },
      /ChoreoAI cannot take the parameter tools/,
    );
    assertRefused({ parameters: { n: 2 } }, /the parameter n\b/);
    assertRefused({ parameters: { functions: [{}] } }, /functions/);
    assertRefused({ parameters: { response_format: { type: "json_schema" } } }, /response_format/);
    assertRefused({ parameters: { logprobs: true } }, /logprobs/);
    for (const name of ["seed", "reasoning_effort", "logit_bias", "top_k", "constructor"]) {
      assertRefused({ parameters: { [name]: 1 } }, new RegExp(`ChoreoAI cannot take the parameter ${name}`));
    }
    assertRefused({ parameters: { modalities: ["text", "audio"] } }, /modalities/);
    assertRefused({ messages: [{ role: "tool", tool_call_id: "c", content: "4" }] }, /results of tools.*0/);
    assertRefused(
      { messages: [{ role: "assistant", content: null, tool_calls: [{ id: "c" }] }] },
      /tool calls/,
    );
    const image = { type: "image_url", image_url: { url: "https://a/b.png" } };
    assertRefused({ messages: [{ role: "user", content: [image] }] }, /cannot take an image \(message 0\)/);
    assertRefused({ messages: [{ role: "user", content: [{ type: "odd" }] }] }, /content part of type odd/);
  });
});

describe("Error response of ChoreoAI", () => {
  const readFailure = (status: number, body: object, headers = {}) =>
    CHOREOAI_PROVIDER.readError(status, headers, JSON.stringify(body), 0);

  it("classifies ChoreoAI errors in the form of its source and of its documentation", () => {
    const unknown = readFailure(400, { detail: "Unknown model: x" });
    assert.deepEqual([unknown.code, unknown.retryable], ["not_found", false]);
    const invalid = readFailure(422, {
      detail: [{ loc: ["body", "messages"], msg: "Field required", type: "missing" }],
    });
    assert.equal(invalid.code, "invalid_request");
    assert.match(invalid.message, /Field required/);
    assert.equal(readFailure(500, { detail: "boom" }).code, "server_error");
    const createError = (type: string, code: string) => ({ error: { message: "Refused", type, code } });
    assert.equal(
      readFailure(401, createError("authentication_error", "missing_authorization")).code,
      "authentication",
    );
    assert.equal(readFailure(403, createError("permission_error", "x")).code, "permission");
    assert.equal(readFailure(429, createError("rate_limit_error", "quota_exceeded")).retryable, false);
    assert.equal(readFailure(502, createError("provider_error", "provider_timeout")).retryable, true);
    assert.equal(
      readFailure(503, createError("service_unavailable_error", "maintenance_mode")).code,
      "overloaded",
    );
  });

  it("reads the wait from the text of a ChoreoAI rate limit", () => {
    const limited = readFailure(
      429,
      {
        error: {
          message: "Rate limit reached. Please retry after 20 seconds",
          type: "rate_limit_error",
          code: "rate_limit_exceeded",
        },
      },
      { "x-request-id": "req-9" },
    );
    assert.deepEqual(
      [limited.code, limited.retryAfterMs, limited.requestId],
      ["rate_limit", 20_000, "req-9"],
    );
  });
});
