import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure, type FailureCode } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { VENICE_PROVIDER } from "../../src/providers/venice.js";

const NOW = 1_790_000_000_000;

function buildEndpoint(settings: Record<string, unknown> = {}) {
  return checkEndpoint(VENICE_PROVIDER, { apiKey: "vn-key", settings });
}

function buildBody(request: Partial<ChatRequest> = {}, settings: Record<string, unknown> = {}) {
  const complete = { model: "m", messages: [{ role: "user", content: "hi" }], ...request };
  return JSON.parse(VENICE_PROVIDER.buildChatRequest(complete, buildEndpoint(settings), {}).body!) as Record<
    string,
    unknown
  >;
}

function readFailure(status: number, body: unknown, headers: Record<string, string> = {}) {
  return VENICE_PROVIDER.readError(
    status,
    headers,
    typeof body === "string" ? body : JSON.stringify(body),
    NOW,
  );
}

describe("Chat request to Venice", () => {
  it("contains no venice_parameters if nothing is set, and asks for the usage", () => {
    assert.deepEqual(buildBody(), {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    assert.equal(
      VENICE_PROVIDER.buildChatRequest({ model: "m", messages: [] }, buildEndpoint(), {}).url.href,
      "https://api.venice.ai/api/v1/chat/completions",
    );
  });

  it("sends only the Venice settings that differ from Venice's defaults", () => {
    const buildParameters = (settings: Record<string, unknown>) =>
      buildBody({}, settings)["venice_parameters"];
    assert.deepEqual(
      buildParameters({
        enable_web_search: "on",
        enable_web_citations: true,
        include_venice_system_prompt: false,
        character_slug: " alan-watts ",
      }),
      {
        enable_web_search: "on",
        enable_web_citations: true,
        include_venice_system_prompt: false,
        character_slug: "alan-watts",
      },
    );
    const defaults = {
      enable_web_search: "",
      enable_web_citations: false,
      include_venice_system_prompt: true,
    };
    assert.equal(buildParameters({ ...defaults, character_slug: " " }), undefined);
    assert.deepEqual(buildParameters({ enable_web_search: "off", disable_thinking: true }), {
      enable_web_search: "off",
      disable_thinking: true,
    });
    // This setting is for the package, not for Venice.
    assert.equal(buildParameters({ splitThinking: true }), undefined);
  });

  it("replaces settings by the message's venice_parameters one by one; null removes one", () => {
    const settings = { enable_web_search: "on", character_slug: "a" };
    const fromMessage = { enable_web_search: "off", character_slug: null, future: 1 };
    assert.deepEqual(
      buildBody({ parameters: { venice_parameters: fromMessage } }, settings)["venice_parameters"],
      {
        enable_web_search: "off",
        future: 1,
      },
    );
    assert.ok(!("venice_parameters" in buildBody({ parameters: { venice_parameters: { a: null } } })));
  });

  it("fails with invalid_request if venice_parameters is not an object", () => {
    assert.throws(
      () => buildBody({ parameters: { venice_parameters: "web" } }),
      (thrown) => thrown instanceof Failure && thrown.code === "invalid_request",
    );
  });

  it("sends a Venice model name unchanged, with feature flags or as a trait", () => {
    for (const model of [
      "default:enable_web_search=on&enable_web_citations=true",
      "most_intelligent",
      "a/b:c",
    ]) {
      assert.equal(buildBody({ model })["model"], model);
    }
  });

  it("sends the token limit to Venice as max_completion_tokens", () => {
    const body = buildBody({ parameters: { max_tokens: 5 } });
    assert.equal(body["max_completion_tokens"], 5);
    assert.ok(!("max_tokens" in body));
  });

  it("drops nulls and unknown fields, but keeps a null content beside tool calls", () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const body = buildBody({
      parameters: { temperature: null, seed: undefined, top_p: 1 },
      messages: [
        { role: "system", content: "s", name: null },
        { role: "user", content: [{ type: "text", text: "t" }] },
        {
          role: "assistant",
          content: null,
          refusal: null,
          tool_calls: [call],
          annotations: [{}],
          reasoning_content: "r",
          reasoning_details: [1],
          thought_signature: "sig",
        },
        { role: "tool", tool_call_id: "c", content: "4" },
        { role: "assistant", content: null, tool_calls: [] },
      ],
    });
    assert.deepEqual(body["messages"], [
      { role: "system", content: "s" },
      { role: "user", content: [{ type: "text", text: "t" }] },
      {
        role: "assistant",
        content: null,
        tool_calls: [call],
        reasoning_content: "r",
        reasoning_details: [1],
        thought_signature: "sig",
      },
      { role: "tool", tool_call_id: "c", content: "4" },
      { role: "assistant", content: "" },
    ]);
    assert.ok(!("temperature" in body) && !("seed" in body));
  });

  it("drops nested nulls and other services' fields from messages and tools, but keeps nulls in a JSON Schema", () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const marked = { ...call, index: null, extra_content: { google: { thought_signature: "s" } } };
    const parameters = { type: "object", properties: { a: { enum: ["x", null], default: null } } };
    const definition = { name: "f", parameters };
    const image = { type: "image_url", image_url: { url: "https://a" } };
    const body = buildBody({
      messages: [
        { role: "user", content: [null, { ...image, image_url: { ...image.image_url, detail: null } }] },
        { role: "assistant", content: null, tool_calls: [marked] },
      ],
      tools: [{ type: "function", strict: null, function: { ...definition, description: null } }, "odd"],
    });
    assert.deepEqual(body["messages"], [
      { role: "user", content: [image] },
      { role: "assistant", content: null, tool_calls: [call] },
    ]);
    assert.deepEqual(body["tools"], [{ type: "function", function: definition }, "odd"]);
  });

  it("stops asking for the usage after Venice refuses stream_options", () => {
    const refusal = JSON.stringify({ error: [{ code: "unrecognized_keys", keys: ["stream_options"] }] });
    const learnt = VENICE_PROVIDER.learn?.(400, refusal, {});
    const again = VENICE_PROVIDER.buildChatRequest(
      { model: "m", messages: [] },
      buildEndpoint(),
      learnt ?? {},
    );
    assert.doesNotMatch(again.body!, /stream_options/);
  });
});

type ErrorForm = readonly [form: string, status: number, body: unknown, code: FailureCode, pattern: RegExp];

describe("Error response of Venice", () => {
  const forms: readonly ErrorForm[] = [
    [
      "a bare text",
      500,
      { error: "Inference failed", code: "INFERENCE_FAILED" },
      "server_error",
      /Inference failed/,
    ],
    [
      "a text with details",
      400,
      {
        error: "Invalid request",
        details: { _errors: [], temperature: { _errors: ["Too large"] } },
        issues: [{ path: ["temperature"], message: "Too large" }],
      },
      "invalid_request",
      /temperature.*Too large/,
    ],
    [
      "an object",
      400,
      {
        error: {
          message: "Too long",
          type: "invalid_request_error",
          param: null,
          code: "context_length_exceeded",
        },
      },
      "context_length",
      /Too long/,
    ],
    ["a code beside it", 413, { error: "Too big", code: "PAYLOAD_TOO_LARGE" }, "invalid_request", /Too big/],
    [
      "a policy that recommends another model",
      422,
      {
        error: {
          message: "Refused",
          type: "provider_content_policy",
          recommended_model: "venice-uncensored",
        },
      },
      "content_filter",
      /Refused.*venice-uncensored/,
    ],
    [
      "a suggestion",
      422,
      { error: "Content violates the policy", suggested_prompt: "x" },
      "content_filter",
      /violates/,
    ],
    [
      "an offer to pay",
      402,
      { x402Version: 1, error: "Payment required", resource: {}, accepts: [{ scheme: "exact" }] },
      "insufficient_credits",
      /Payment required/,
    ],
    [
      "a list of issues",
      400,
      { error: [{ code: "unrecognized_keys", keys: ["x"] }] },
      "invalid_request",
      /unrecognized_keys/,
    ],
    [
      "a custom message about the limit",
      429,
      {
        error: "Rate limit exceeded",
        code: "RATE_LIMIT_EXCEEDED",
        customMessage: "50 requests per minute",
      },
      "rate_limit",
      /Rate limit exceeded.*50 requests per minute/,
    ],
  ];
  for (const [form, status, body, code, pattern] of forms) {
    it(`reads a Venice error in the form of ${form}`, () => {
      const failure = readFailure(status, body);
      assert.equal(failure.code, code);
      assert.match(failure.message, pattern);
    });
  }

  it("classifies Venice errors by status and code", () => {
    const kinds: readonly [number, string, FailureCode, boolean][] = [
      [400, "INVALID_MODEL", "not_found", false],
      [400, "TOO_MANY_TOKENS", "context_length", false],
      [401, "AUTHENTICATION_FAILED_INACTIVE_KEY", "authentication", false],
      [402, "INSUFFICIENT_BALANCE", "insufficient_credits", false],
      [402, "API_KEY_USD_SPEND_LIMIT_EXCEEDED", "insufficient_credits", false],
      [403, "UNAUTHORIZED", "permission", false],
      [404, "CHARACTER_NOT_FOUND", "not_found", false],
      [410, "MODEL_RETIRED", "not_found", false],
      [415, "INVALID_CONTENT_TYPE", "invalid_request", false],
      [429, "MODEL_OVERLOADED", "overloaded", true],
      [500, "INFERENCE_FAILED", "server_error", true],
      [503, "MODEL_AT_CAPACITY", "overloaded", true],
      [504, "REQUEST_TIMEOUT", "timeout", true],
    ];
    for (const [status, word, code, retryable] of kinds) {
      const failure = readFailure(status, { error: "Refused", code: word });
      assert.deepEqual([failure.code, failure.retryable], [code, retryable], word);
    }
  });

  it("classifies a refusal that needs an administrator's key as permission, not authentication", () => {
    assert.equal(readFailure(401, { error: "Admin key needed" }).code, "permission");
  });

  it("reads Venice's wait from a reset in milliseconds since 1970", () => {
    const failure = readFailure(
      429,
      { error: "Rate limit exceeded", code: "RATE_LIMIT_EXCEEDED" },
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(NOW + 12_000) },
    );
    assert.equal(failure.retryAfterMs, 12_000);
  });

  it("waits at least 30 seconds once Venice has blocked the key for too many failures", () => {
    const refusal = { error: "Too many failed attempts" };
    const spent = { "x-ratelimit-resets": String(NOW + 5_000) };
    assert.equal(readFailure(429, refusal, spent).retryAfterMs, 30_000);
    assert.equal(readFailure(429, refusal, { ...spent, "retry-after": "60" }).retryAfterMs, 60_000);
    assert.equal(readFailure(429, refusal).retryAfterMs, undefined);
    assert.equal(readFailure(401, refusal, spent).retryAfterMs, undefined);
  });

  it("reads Venice's request id from cf-ray", () => {
    assert.equal(readFailure(500, { error: "x" }, { "cf-ray": "8f-FRA" }).requestId, "8f-FRA");
  });
});

describe("Details in Venice's responses", () => {
  it("reads a warning that a Venice model will be removed", () => {
    assert.equal(VENICE_PROVIDER.readNotice!({ "x-venice-model-id": "m" }), undefined);
    const notice = VENICE_PROVIDER.readNotice!({
      "x-venice-model-deprecation-warning": "m is deprecated, use n.",
      "x-venice-model-deprecation-date": "2026-12-01",
    });
    assert.equal(notice, "Venice: m is deprecated, use n. (2026-12-01)");
    assert.match(
      VENICE_PROVIDER.readNotice!({ "x-venice-model-deprecation-date": "soon", "x-venice-model-id": "m" })!,
      /model m .*soon/,
    );
  });

  it("reads the known capabilities of Venice's models", () => {
    const list = {
      data: [
        { id: "a", model_spec: { capabilities: { supportsVision: true, supportsTimeTravel: true } } },
        { id: "b", model_spec: { capabilities: {}, offline: true } },
        { id: "c", model_spec: "odd" },
        "d",
      ],
    };
    assert.deepEqual(VENICE_PROVIDER.readCapabilities!(list), { a: ["vision"], b: ["offline"] });
    assert.deepEqual(VENICE_PROVIDER.readCapabilities!("nonsense"), {});
    assert.equal(
      VENICE_PROVIDER.buildModelsRequest(buildEndpoint()).url.href,
      "https://api.venice.ai/api/v1/models?type=text",
    );
  });

  it("reads Venice's balance in both forms", () => {
    const read = (body: unknown) => VENICE_PROVIDER.balance!.read(body);
    assert.equal(read({ data: { balances: { USD: 3.204, DIEM: "10" } } }), "3.2 USD, 10 DIEM");
    assert.equal(read({ canConsume: true, balances: { diem: null, usd: 0 } }), "0 USD");
    for (const body of [undefined, {}, { data: { balances: {} } }, { data: { balances: { usd: "much" } } }]) {
      assert.equal(read(body), undefined);
    }
  });
});
