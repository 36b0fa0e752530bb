import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { CHOREOAI_PROVIDER } from "../../src/providers/choreoai.js";

function request(asked: Partial<ChatRequest> = {}, baseUrl = "") {
  const endpoint = checkEndpoint(CHOREOAI_PROVIDER, { apiKey: "ch-key", baseUrl });
  const wire = CHOREOAI_PROVIDER.chat(
    { model: "m", messages: [{ role: "user", content: "hi" }], ...asked },
    endpoint,
    {},
  );
  return {
    url: wire.url.href,
    models: CHOREOAI_PROVIDER.models(endpoint).url.href,
    body: JSON.parse(wire.body!),
  };
}

function refused(asked: Partial<ChatRequest>, says: RegExp): void {
  assert.throws(
    () => request(asked),
    (thrown) => thrown instanceof Failure && thrown.code === "invalid_request" && says.test(thrown.message),
    JSON.stringify(asked),
  );
}

describe("A request to ChoreoAI", () => {
  it("goes to the same place whether the address has the version or not", () => {
    for (const baseUrl of [
      "http://localhost:8000",
      "http://localhost:8000/",
      "http://localhost:8000/v1",
      "http://localhost:8000/v1/",
    ]) {
      const { url, models } = request({}, baseUrl);
      assert.equal(url, "http://localhost:8000/v1/chat/completions", baseUrl);
      assert.equal(models, "http://localhost:8000/v1/models");
    }
    assert.equal(request().url, "http://localhost:8000/v1/chat/completions");
    assert.equal(request({}, "https://h/ai").url, "https://h/ai/v1/chat/completions");
  });

  it("holds what its server knows, and leaves out what makes no difference", () => {
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
    assert.deepEqual(request({ parameters, tools: [] }).body, {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      temperature: 0,
      stop: ["x"],
      max_tokens: 5,
      user: "u",
    });
    assert.equal(
      request({ parameters: { response_format: { type: "text" } } }).body.response_format,
      undefined,
    );
  });

  it("has its bound of tokens under the one name that the server knows", () => {
    assert.equal(request({ parameters: { max_completion_tokens: 7 } }).body.max_tokens, 7);
    const both = request({ parameters: { max_tokens: 5, max_completion_tokens: 7 } }).body;
    assert.deepEqual([both.max_tokens, both.max_completion_tokens], [7, undefined]);
  });

  it("has texts only: parts that are texts become one, a null becomes an empty one", () => {
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
    assert.deepEqual(request({ messages }).body.messages, [
      { role: "system", content: "s", name: "n" },
      { role: "user", content: "a\nb" },
      { role: "assistant", content: "" },
    ]);
  });

  it("is refused where its server would drop what matters, by name", () => {
    refused(
      { tools: [{ type: "function", function: { name: "f" } }] },
      /ChoreoAI cannot take the parameter tools/,
    );
    refused({ parameters: { n: 2 } }, /the parameter n\b/);
    refused({ parameters: { tool_choice: "required" } }, /tool_choice/);
    refused({ parameters: { functions: [{}] } }, /functions/);
    refused({ parameters: { response_format: { type: "json_schema" } } }, /response_format/);
    refused({ parameters: { logprobs: true } }, /logprobs/);
    for (const name of ["seed", "reasoning_effort", "logit_bias", "top_k", "constructor"]) {
      refused({ parameters: { [name]: 1 } }, new RegExp(`ChoreoAI cannot take the parameter ${name}`));
    }
    refused({ parameters: { modalities: ["text", "audio"] } }, /modalities/);
    refused({ messages: [{ role: "tool", tool_call_id: "c", content: "4" }] }, /results of tools.*0/);
    refused({ messages: [{ role: "assistant", content: null, tool_calls: [{ id: "c" }] }] }, /tool calls/);
    const image = { type: "image_url", image_url: { url: "https://a/b.png" } };
    refused({ messages: [{ role: "user", content: [image] }] }, /cannot take an image \(message 0\)/);
    refused({ messages: [{ role: "user", content: [{ type: "odd" }] }] }, /content part of type odd/);
  });
});

describe("A refusal of ChoreoAI", () => {
  const failure = (status: number, body: object, headers = {}) =>
    CHOREOAI_PROVIDER.failure(status, headers, JSON.stringify(body), 0);

  it("is understood as it is coded, and as it is documented", () => {
    const unknown = failure(400, { detail: "Unknown model: x" });
    assert.deepEqual([unknown.code, unknown.retryable], ["not_found", false]);
    const invalid = failure(422, {
      detail: [{ loc: ["body", "messages"], msg: "Field required", type: "missing" }],
    });
    assert.equal(invalid.code, "invalid_request");
    assert.match(invalid.message, /Field required/);
    assert.equal(failure(500, { detail: "boom" }).code, "server_error");
    const error = (type: string, code: string) => ({ error: { message: "Refused", type, code } });
    assert.equal(failure(401, error("authentication_error", "missing_authorization")).code, "authentication");
    assert.equal(failure(403, error("permission_error", "x")).code, "permission");
    assert.equal(failure(429, error("rate_limit_error", "quota_exceeded")).retryable, false);
    assert.equal(failure(502, error("provider_error", "provider_timeout")).retryable, true);
    assert.equal(failure(503, error("service_unavailable_error", "maintenance_mode")).code, "overloaded");
  });

  it("has its wait in words only", () => {
    const told = failure(
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
    assert.deepEqual([told.code, told.retryAfterMs, told.requestId], ["rate_limit", 20_000, "req-9"]);
  });
});
