import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure, type FailureCode } from "../../src/core/failure.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { VENICE_PROVIDER } from "../../src/providers/venice.js";

const NOW = 1_790_000_000_000;

function endpoint(settings: Record<string, unknown> = {}) {
  return checkEndpoint(VENICE_PROVIDER, { apiKey: "vn-key", settings });
}

function bodyOf(request: Partial<ChatRequest> = {}, settings: Record<string, unknown> = {}) {
  const asked = { model: "m", messages: [{ role: "user", content: "hi" }], ...request };
  return JSON.parse(VENICE_PROVIDER.chat(asked, endpoint(settings), {}).body!) as Record<string, unknown>;
}

function failure(status: number, body: unknown, headers: Record<string, string> = {}) {
  return VENICE_PROVIDER.failure(
    status,
    headers,
    typeof body === "string" ? body : JSON.stringify(body),
    NOW,
  );
}

describe("A request to Venice", () => {
  it("holds nothing of its own where nothing is set, and asks for usage", () => {
    assert.deepEqual(bodyOf(), {
      model: "m",
      messages: [{ role: "user", content: "hi" }],
      stream: true,
      stream_options: { include_usage: true },
    });
    assert.equal(
      VENICE_PROVIDER.chat({ model: "m", messages: [] }, endpoint(), {}).url.href,
      "https://api.venice.ai/api/v1/chat/completions",
    );
  });

  it("sends those parameters that differ from what the service does by itself", () => {
    const parameters = (settings: Record<string, unknown>) => bodyOf({}, settings)["venice_parameters"];
    assert.deepEqual(
      parameters({
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
    const asItIs = { enable_web_search: "", enable_web_citations: false, include_venice_system_prompt: true };
    assert.equal(parameters({ ...asItIs, character_slug: " " }), undefined);
    assert.deepEqual(parameters({ enable_web_search: "off", disable_thinking: true }), {
      enable_web_search: "off",
      disable_thinking: true,
    });
    // A tick of ours is no parameter of theirs.
    assert.equal(parameters({ splitThinking: true }), undefined);
  });

  it("lets the message's parameters win, one by one; a null leaves one to the service", () => {
    const settings = { enable_web_search: "on", character_slug: "a" };
    const own = { enable_web_search: "off", character_slug: null, future: 1 };
    assert.deepEqual(bodyOf({ parameters: { venice_parameters: own } }, settings)["venice_parameters"], {
      enable_web_search: "off",
      future: 1,
    });
    assert.ok(!("venice_parameters" in bodyOf({ parameters: { venice_parameters: { a: null } } })));
  });

  it("is refused where the message's parameters are no object", () => {
    assert.throws(
      () => bodyOf({ parameters: { venice_parameters: "web" } }),
      (thrown) => thrown instanceof Failure && thrown.code === "invalid_request",
    );
  });

  it("leaves the model's name as it is, with its features or as a trait", () => {
    for (const model of [
      "default:enable_web_search=on&enable_web_citations=true",
      "most_intelligent",
      "a/b:c",
    ]) {
      assert.equal(bodyOf({ model })["model"], model);
    }
  });

  it("uses the newer name for the longest answer", () => {
    const body = bodyOf({ parameters: { max_tokens: 5 } });
    assert.equal(body["max_completion_tokens"], 5);
    assert.ok(!("max_tokens" in body));
  });

  it("holds no null but in the place of a text beside tool calls, and nothing else that strictness refuses", () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const body = bodyOf({
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

  it("has no null and nothing of another service's within its messages and tools, but for a schema's own", () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const marked = { ...call, index: null, extra_content: { google: { thought_signature: "s" } } };
    const parameters = { type: "object", properties: { a: { enum: ["x", null], default: null } } };
    const described = { name: "f", parameters };
    const image = { type: "image_url", image_url: { url: "https://a" } };
    const body = bodyOf({
      messages: [
        { role: "user", content: [null, { ...image, image_url: { ...image.image_url, detail: null } }] },
        { role: "assistant", content: null, tool_calls: [marked] },
      ],
      tools: [{ type: "function", strict: null, function: { ...described, description: null } }, "odd"],
    });
    assert.deepEqual(body["messages"], [
      { role: "user", content: [image] },
      { role: "assistant", content: null, tool_calls: [call] },
    ]);
    assert.deepEqual(body["tools"], [{ type: "function", function: described }, "odd"]);
  });

  it("goes without asking for usage once the service has refused that, in its own form of error", () => {
    const refusal = JSON.stringify({ error: [{ code: "unrecognized_keys", keys: ["stream_options"] }] });
    const learnt = VENICE_PROVIDER.learn?.(400, refusal, {});
    const again = VENICE_PROVIDER.chat({ model: "m", messages: [] }, endpoint(), learnt ?? {});
    assert.doesNotMatch(again.body!, /stream_options/);
  });
});

describe("A refusal of Venice", () => {
  const shapes: readonly [what: string, status: number, body: unknown, code: FailureCode, says: RegExp][] = [
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
      "a policy with another model",
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
      "a word of its own about the cap",
      429,
      { error: "Rate limit exceeded", code: "RATE_LIMIT_EXCEEDED", customMessage: "50 requests per minute" },
      "rate_limit",
      /Rate limit exceeded.*50 requests per minute/,
    ],
  ];
  for (const [what, status, body, code, says] of shapes) {
    it(`is understood as ${what}`, () => {
      const { code: told, message } = failure(status, body);
      assert.equal(told, code);
      assert.match(message, says);
    });
  }

  it("is of the kind that its status and code say", () => {
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
      const told = failure(status, { error: "Refused", code: word });
      assert.deepEqual([told.code, told.retryable], [code, retryable], word);
    }
  });

  it("to tell what only an administrator may know is no wrong key", () => {
    assert.equal(failure(401, { error: "Admin key needed" }).code, "permission");
  });

  it("tells how long to wait by a reset in milliseconds since 1970", () => {
    const told = failure(
      429,
      { error: "Rate limit exceeded", code: "RATE_LIMIT_EXCEEDED" },
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(NOW + 12_000) },
    );
    assert.equal(told.retryAfterMs, 12_000);
  });

  it("asks for 30 seconds once the budget of failures is spent", () => {
    const refusal = { error: "Too many failed attempts" };
    const spent = { "x-ratelimit-resets": String(NOW + 5_000) };
    assert.equal(failure(429, refusal, spent).retryAfterMs, 30_000);
    assert.equal(failure(429, refusal, { ...spent, "retry-after": "60" }).retryAfterMs, 60_000);
    assert.equal(failure(429, refusal).retryAfterMs, undefined);
    assert.equal(failure(401, refusal, spent).retryAfterMs, undefined);
  });

  it("names the support's id of the request", () => {
    assert.equal(failure(500, { error: "x" }, { "cf-ray": "8f-FRA" }).requestId, "8f-FRA");
  });
});

describe("What Venice tells beside its answers", () => {
  it("is that a model will be taken away", () => {
    assert.equal(VENICE_PROVIDER.notice!({ "x-venice-model-id": "m" }), undefined);
    const told = VENICE_PROVIDER.notice!({
      "x-venice-model-deprecation-warning": "m is deprecated, use n.",
      "x-venice-model-deprecation-date": "2026-12-01",
    });
    assert.equal(told, "Venice: m is deprecated, use n. (2026-12-01)");
    assert.match(
      VENICE_PROVIDER.notice!({ "x-venice-model-deprecation-date": "soon", "x-venice-model-id": "m" })!,
      /model m .*soon/,
    );
  });

  it("is what its models can do, as far as it is known here", () => {
    const list = {
      data: [
        { id: "a", model_spec: { capabilities: { supportsVision: true, supportsTimeTravel: true } } },
        { id: "b", model_spec: { capabilities: {}, offline: true } },
        { id: "c", model_spec: "odd" },
        "d",
      ],
    };
    assert.deepEqual(VENICE_PROVIDER.capabilities!(list), { a: ["vision"], b: ["offline"] });
    assert.deepEqual(VENICE_PROVIDER.capabilities!("nonsense"), {});
    assert.equal(
      VENICE_PROVIDER.models(endpoint()).url.href,
      "https://api.venice.ai/api/v1/models?type=text",
    );
  });

  it("is the balance, in either form", () => {
    const read = (body: unknown) => VENICE_PROVIDER.balance!.read(body);
    assert.equal(read({ data: { balances: { USD: 3.204, DIEM: "10" } } }), "3.2 USD, 10 DIEM");
    assert.equal(read({ canConsume: true, balances: { diem: null, usd: 0 } }), "0 USD");
    for (const body of [undefined, {}, { data: { balances: {} } }, { data: { balances: { usd: "much" } } }]) {
      assert.equal(read(body), undefined);
    }
  });
});
