import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { Failure } from "../../../src/core/failure.js";
import { ANTHROPIC_PROVIDER } from "../../../src/providers/anthropic/provider.js";
import { checkEndpoint } from "../../../src/providers/check-endpoint.js";
import { getProvider, supportsPrefill } from "../../../src/providers/index.js";

const ENDPOINT = { baseUrl: "https://api.anthropic.com/v1", apiKey: "sk-ant-1" };
const REQUEST: ChatRequest = { model: "claude-1", messages: [{ role: "user", content: "hi" }] };
const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather.",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

function bodyOf(request: Partial<ChatRequest> = {}): Record<string, unknown> {
  return JSON.parse(ANTHROPIC_PROVIDER.chat({ ...REQUEST, ...request }, ENDPOINT, {}).body!) as Record<
    string,
    unknown
  >;
}

function withParameters(parameters: Record<string, unknown>, more: Partial<ChatRequest> = {}): object {
  const { model: _model, messages: _messages, stream: _stream, ...rest } = bodyOf({ ...more, parameters });
  return rest;
}

function refuses(request: Partial<ChatRequest>, says: RegExp): void {
  assert.throws(
    () => bodyOf(request),
    (thrown) => {
      assert.ok(thrown instanceof Failure);
      assert.equal(thrown.code, "invalid_request");
      assert.match(thrown.message, says);
      return true;
    },
  );
}

describe("A request to Anthropic", () => {
  it("is the model, the messages, a bound and a stream", () => {
    assert.deepEqual(bodyOf(), {
      model: "claude-1",
      max_tokens: 4096,
      messages: [{ role: "user", content: "hi" }],
      stream: true,
    });
  });

  it("goes to its path with its headers, whether the base URL has the version or not", () => {
    const at = (baseUrl: string) => ANTHROPIC_PROVIDER.chat(REQUEST, { baseUrl }, {}).url.href;
    assert.equal(at("https://a/v1"), "https://a/v1/messages");
    assert.equal(at("https://a/v1/"), "https://a/v1/messages");
    assert.equal(at("https://a"), "https://a/v1/messages");
    assert.equal(at("https://a/anthropic?x=1"), "https://a/anthropic/v1/messages?x=1");
    assert.deepEqual(ANTHROPIC_PROVIDER.chat(REQUEST, ENDPOINT, {}).headers, {
      accept: "text/event-stream",
      "accept-encoding": "identity",
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
      "x-api-key": "sk-ant-1",
    });
  });

  it("takes betas and another version from the author's headers", () => {
    const headers = { "Anthropic-Beta": "b-1,b-2", "Anthropic-Version": "2030-01-01" };
    const sent = ANTHROPIC_PROVIDER.chat(REQUEST, { ...ENDPOINT, headers }, {}).headers;
    assert.equal(sent["anthropic-beta"], "b-1,b-2");
    assert.equal(sent["anthropic-version"], "2030-01-01");
  });

  it("is checked before it leaves: without a key nothing does", () => {
    assert.equal(getProvider("anthropic"), ANTHROPIC_PROVIDER);
    assert.throws(
      () => checkEndpoint(ANTHROPIC_PROVIDER, {}),
      (thrown) =>
        thrown instanceof Failure &&
        thrown.code === "credentials" &&
        thrown.message.includes("ANTHROPIC_API_KEY"),
    );
    assert.equal(checkEndpoint(ANTHROPIC_PROVIDER, { apiKey: "k" }).baseUrl, "https://api.anthropic.com/v1");
  });

  it("is never one that begins the answer: newer models refuse it", () => {
    assert.equal(supportsPrefill("anthropic"), false);
  });
});

describe("The parameters of a request to Anthropic", () => {
  it("are translated where they have another name", () => {
    assert.deepEqual(
      withParameters({ max_tokens: 100, stop: "END", user: "u-1", temperature: 0.5, top_p: 0.9, top_k: 5 }),
      {
        max_tokens: 100,
        stop_sequences: ["END"],
        metadata: { user_id: "u-1" },
        temperature: 0.5,
        top_p: 0.9,
        top_k: 5,
      },
    );
    assert.deepEqual(
      withParameters({ max_completion_tokens: 7, stop: ["a", "b"], metadata: { user_id: "m" } }),
      {
        max_tokens: 7,
        stop_sequences: ["a", "b"],
        metadata: { user_id: "m" },
      },
    );
  });

  it("that are the service's own go through as they are", () => {
    const own = {
      thinking: { type: "enabled", budget_tokens: 2000 },
      service_tier: "auto",
      cache_control: { type: "ephemeral" },
      yet_to_come: 1,
    };
    assert.deepEqual(withParameters(own), { max_tokens: 6096, ...own });
  });

  it("that change nothing are left out", () => {
    const parameters = {
      n: 1,
      logprobs: false,
      frequency_penalty: 0,
      presence_penalty: 0,
      logit_bias: {},
      modalities: ["text"],
      stream_options: { include_usage: true },
      store: true,
      seed: null,
      response_format: { type: "text" },
      parallel_tool_calls: false,
      tool_choice: "auto",
    };
    assert.deepEqual(withParameters(parameters), { max_tokens: 4096 });
  });

  it("that the service does not have and that mean something are refused by name", () => {
    const parameters = {
      n: 2,
      seed: 1,
      logprobs: true,
      top_logprobs: 3,
      frequency_penalty: 0.5,
      presence_penalty: -1,
      logit_bias: { "1": 1 },
      modalities: ["text", "audio"],
      audio: { voice: "v" },
      functions: [],
      web_search_options: {},
    };
    for (const [name, value] of Object.entries(parameters)) {
      refuses(
        { parameters: { [name]: value } },
        new RegExp(`^Anthropic cannot take the parameter ${name}\\.`),
      );
    }
  });

  it("that ask for JSON of a schema do so in the service's way; JSON of none it cannot promise", () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const format = { type: "json_schema", json_schema: { name: "n", strict: true, schema } };
    assert.deepEqual(withParameters({ response_format: format }), {
      max_tokens: 4096,
      output_config: { format: { type: "json_schema", schema } },
    });
    assert.deepEqual(withParameters({ response_format: format, output_config: { effort: "low" } }), {
      max_tokens: 4096,
      output_config: { format: { type: "json_schema", schema }, effort: "low" },
    });
    refuses(
      { parameters: { response_format: { type: "json_object" } } },
      /response_format without a schema.*JSON Schema/,
    );
  });

  const thinkingOf = (model: string, parameters: Record<string, unknown>) => {
    const { max_tokens, thinking, output_config } = bodyOf({ model, parameters });
    return { max_tokens, thinking, output_config };
  };

  it("that ask for thinking give older models a number of tokens beside the answer's", () => {
    for (const model of [
      "claude-3-7-sonnet-latest",
      "claude-opus-4-20250514",
      "claude-sonnet-4-5-20250929",
      "us.anthropic.claude-haiku-4-5-20251001-v1:0",
      "MiniMax-M2",
    ]) {
      assert.deepEqual(
        thinkingOf(model, { reasoning_effort: "medium" }),
        { max_tokens: 8192, thinking: { type: "enabled", budget_tokens: 4096 }, output_config: undefined },
        model,
      );
    }
  });

  it("that ask for thinking stay within the author's bound", () => {
    const within = (max_tokens: number) =>
      thinkingOf("claude-sonnet-4-5", { reasoning_effort: "high", max_tokens }).thinking;
    assert.deepEqual(within(4000), { type: "enabled", budget_tokens: 3000 });
    assert.deepEqual(within(1025), { type: "enabled", budget_tokens: 1024 });
    assert.deepEqual(within(64_000), { type: "enabled", budget_tokens: 16_384 });
    refuses(
      { model: "claude-sonnet-4-5", parameters: { reasoning_effort: "high", max_tokens: 1024 } },
      /thinks within max_tokens, with 1024 tokens at least/,
    );
  });

  it("that ask for thinking give newer models the word, and room to think beside the answer", () => {
    const newest = { type: "adaptive", display: "summarized" };
    for (const [model, thinking] of [
      ["claude-opus-4-6", { type: "adaptive" }],
      ["claude-sonnet-4-6-20260101", { type: "adaptive" }],
      ["claude-opus-4-7", newest],
      ["claude-opus-5", newest],
      ["claude-haiku-4-10", newest],
      ["claude-next", newest],
    ] as const) {
      assert.deepEqual(
        thinkingOf(model, { reasoning_effort: "minimal" }),
        { max_tokens: 5120, thinking, output_config: { effort: "low" } },
        model,
      );
    }
    const bound = (parameters: object) => thinkingOf("claude-opus-4-7", { ...parameters }).max_tokens;
    assert.equal(bound({ reasoning_effort: "high" }), 16_384 + 4096);
    assert.equal(bound({ reasoning_effort: "high", max_tokens: 2000 }), 2000);
    assert.equal(bound({ thinking: newest }), 16_384 + 4096);
    assert.equal(bound({ thinking: newest, output_config: { effort: "low" } }), 1024 + 4096);
  });

  it("that ask for an effort which a model does not have get the next one below", () => {
    const effort = (model: string) => thinkingOf(model, { reasoning_effort: "xhigh" }).output_config;
    assert.deepEqual(effort("claude-opus-4-6"), { effort: "high" });
    assert.deepEqual(effort("claude-opus-4-7"), { effort: "xhigh" });
  });

  it("that the service refuses beside thinking are told before it is asked", () => {
    const tool_choice = "required";
    const thinking = { type: "adaptive" };
    for (const [parameters, says] of [
      [{ reasoning_effort: "low", temperature: 0.2 }, /a temperature other than 1 beside thinking/],
      [{ reasoning_effort: "low", top_k: 5 }, /top_k beside thinking/],
      [{ reasoning_effort: "low", top_p: 0.5 }, /top_p below 0\.95 beside thinking/],
      [{ reasoning_effort: "low", tool_choice }, /a tool that has to be called beside thinking/],
      [{ thinking, temperature: 0 }, /a temperature other than 1/],
    ] as const) {
      const tools = [{ name: "f", input_schema: { type: "object" } }];
      for (const model of ["claude-sonnet-4-5", "claude-opus-4-7"]) {
        refuses({ model, tools, parameters }, says);
      }
      bodyOf({ model: "claude-opus-4-7", parameters: { ...parameters, thinking: { type: "disabled" } } });
      bodyOf({ model: "MiniMax-M2", tools, parameters });
    }
    withParameters({ reasoning_effort: "low", temperature: 1, top_p: 0.95, tool_choice: "auto" });
  });

  it("that ask for no thinking, or for an effort that nobody knows, are understood", () => {
    assert.deepEqual(thinkingOf("claude-sonnet-4-5", { reasoning_effort: "none" }).thinking, {
      type: "disabled",
    });
    refuses({ parameters: { reasoning_effort: "very" } }, /reasoning_effort "very"/);
  });
});

describe("The tools of a request to Anthropic", () => {
  it("are translated, with what is only Anthropic's", () => {
    const { name, description, parameters } = WEATHER.function;
    const body = bodyOf({
      tools: [
        { ...WEATHER, cache_control: { type: "ephemeral" } },
        { type: "function", function: { name: "now", strict: true, description: null } },
        { type: "function", function: { name: "add", parameters: { properties: { a: {} } } } },
      ],
    });
    assert.deepEqual(body["tools"], [
      { name, description, input_schema: parameters, cache_control: { type: "ephemeral" } },
      { name: "now", input_schema: { type: "object", properties: {} }, strict: true },
      { name: "add", input_schema: { type: "object", properties: { a: {} } } },
    ]);
  });

  it("that are the service's own, or written in its way, go through as they are", () => {
    const tools = [
      { type: "web_search_20250305", name: "web_search", max_uses: 2 },
      { name: "f", input_schema: { type: "object" } },
    ];
    assert.deepEqual(bodyOf({ tools })["tools"], tools);
  });

  it("that are neither are refused", () => {
    refuses({ tools: [WEATHER, { type: "custom", custom: { name: "x" } }] }, /tool 1/);
    refuses({ tools: ["f"] }, /Tool 0 is not an object/);
  });

  it("are chosen as the author says", () => {
    const choose = (parameters: Record<string, unknown>, tools: unknown[] = [WEATHER]) =>
      bodyOf({ tools, parameters })["tool_choice"];
    assert.equal(choose({}), undefined);
    assert.deepEqual(choose({ tool_choice: "auto" }), { type: "auto" });
    assert.deepEqual(choose({ tool_choice: "required" }), { type: "any" });
    assert.deepEqual(choose({ tool_choice: "none", parallel_tool_calls: false }), { type: "none" });
    assert.deepEqual(choose({ tool_choice: { type: "function", function: { name: "f" } } }), {
      type: "tool",
      name: "f",
    });
    assert.deepEqual(choose({ tool_choice: { type: "any", disable_parallel_tool_use: true } }), {
      type: "any",
      disable_parallel_tool_use: true,
    });
    assert.deepEqual(choose({ parallel_tool_calls: false }), {
      type: "auto",
      disable_parallel_tool_use: true,
    });
    assert.equal(choose({ tool_choice: "auto", parallel_tool_calls: false }, []), undefined);
    refuses({ tools: [WEATHER], parameters: { tool_choice: { type: "allowed_tools" } } }, /tool_choice/);
  });
});

describe("The models of Anthropic", () => {
  it("are asked for all at once, and are read by their ids", () => {
    const { method, url, headers } = ANTHROPIC_PROVIDER.models({
      ...ENDPOINT,
      baseUrl: "https://api.anthropic.com",
    });
    assert.deepEqual([method, url.href], ["GET", "https://api.anthropic.com/v1/models?limit=1000"]);
    assert.equal(headers["x-api-key"], "sk-ant-1");
    assert.deepEqual(
      ANTHROPIC_PROVIDER.modelNames(
        {
          data: [{ type: "model", id: "claude-1", display_name: "Claude 1" }],
          has_more: false,
        },
        ENDPOINT,
      ),
      ["claude-1"],
    );
  });
});

describe("A refusal of Anthropic's", () => {
  const refusal = (status: number, type: string, message: string, headers: Record<string, string> = {}) =>
    ANTHROPIC_PROVIDER.failure(
      status,
      { "request-id": "req_1", ...headers },
      JSON.stringify({ type: "error", error: { type, message }, request_id: "req_1" }),
      Date.UTC(2026, 0, 1),
    );

  it("has the code that its status and its words mean", () => {
    const told = (failure: Failure) => [failure.code, failure.retryable, failure.requestId];
    assert.deepEqual(told(refusal(529, "overloaded_error", "Overloaded")), ["overloaded", true, "req_1"]);
    assert.deepEqual(told(refusal(401, "authentication_error", "invalid x-api-key")), [
      "authentication",
      false,
      "req_1",
    ]);
    assert.deepEqual(told(refusal(413, "request_too_large", "Too large")), [
      "invalid_request",
      false,
      "req_1",
    ]);
    assert.deepEqual(told(refusal(400, "invalid_request_error", "prompt is too long: 3 > 2")), [
      "context_length",
      false,
      "req_1",
    ]);
    assert.deepEqual(told(refusal(404, "not_found_error", "model: claude-0")), ["not_found", false, "req_1"]);
    assert.deepEqual(told(refusal(500, "api_error", "Internal server error")), [
      "server_error",
      true,
      "req_1",
    ]);
    assert.deepEqual(told(refusal(400, "invalid_request_error", "Your credit balance is too low")), [
      "insufficient_credits",
      false,
      "req_1",
    ]);
  });

  it("says how long to wait: retry-after first, else the reset of the limit that is used up", () => {
    const limits = {
      "anthropic-ratelimit-requests-remaining": "10",
      "anthropic-ratelimit-requests-reset": "2026-01-01T01:00:00Z",
      "anthropic-ratelimit-output-tokens-remaining": "0",
      "anthropic-ratelimit-output-tokens-reset": "2026-01-01T00:00:20Z",
    };
    const wait = (headers: Record<string, string>) =>
      refusal(429, "rate_limit_error", "No.", headers).retryAfterMs;
    assert.equal(wait({ ...limits, "retry-after": "7" }), 7000);
    assert.equal(wait(limits), 20_000);
    assert.equal(refusal(429, "rate_limit_error", "No.", { "x-should-retry": "false" }).retryable, false);
  });
});
