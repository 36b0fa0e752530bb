import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { Failure } from "../../../src/core/failure.js";
import { ANTHROPIC_PROVIDER } from "../../../src/providers/anthropic/provider.js";
import { checkEndpoint } from "../../../src/providers/check-endpoint.js";
import { getProvider, supportsPrefill } from "../../../src/providers/index.js";
import { assertFailure } from "../../support/assert-failure.js";

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

function buildBody(request: Partial<ChatRequest> = {}): Record<string, unknown> {
  return JSON.parse(
    ANTHROPIC_PROVIDER.buildChatRequest({ ...REQUEST, ...request }, ENDPOINT, {}).body!,
  ) as Record<string, unknown>;
}

function buildParameters(parameters: Record<string, unknown>, more: Partial<ChatRequest> = {}): object {
  const { model: _model, messages: _messages, stream: _stream, ...rest } = buildBody({ ...more, parameters });
  return rest;
}

function assertRefused(request: Partial<ChatRequest>, pattern: RegExp): void {
  assertFailure(() => buildBody(request), "invalid_request", pattern);
}

describe("Chat request to Anthropic", () => {
  it("contains model, messages, the default max_tokens and stream", () => {
    assert.deepEqual(buildBody(), {
      model: "claude-1",
      max_tokens: 4096,
      messages: [{ role: "user", content: "hi" }],
      stream: true,
    });
  });

  it("goes to /v1/messages with Anthropic's headers, whether the base URL ends in /v1 or not", () => {
    const buildUrl = (baseUrl: string) =>
      ANTHROPIC_PROVIDER.buildChatRequest(REQUEST, { baseUrl }, {}).url.href;
    assert.equal(buildUrl("https://a/v1"), "https://a/v1/messages");
    assert.equal(buildUrl("https://a/v1/"), "https://a/v1/messages");
    assert.equal(buildUrl("https://a"), "https://a/v1/messages");
    assert.equal(buildUrl("https://a/anthropic?x=1"), "https://a/anthropic/v1/messages?x=1");
    assert.deepEqual(ANTHROPIC_PROVIDER.buildChatRequest(REQUEST, ENDPOINT, {}).headers, {
      accept: "text/event-stream",
      "accept-encoding": "identity",
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
      "x-api-key": "sk-ant-1",
    });
  });

  it("replaces Anthropic's version and adds betas from the author's headers", () => {
    const headers = { "Anthropic-Beta": "b-1,b-2", "Anthropic-Version": "2030-01-01" };
    const sent = ANTHROPIC_PROVIDER.buildChatRequest(REQUEST, { ...ENDPOINT, headers }, {}).headers;
    assert.equal(sent["anthropic-beta"], "b-1,b-2");
    assert.equal(sent["anthropic-version"], "2030-01-01");
  });

  it("fails with credentials if the Anthropic key is missing", () => {
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

  it("does not support prefill, which newer Anthropic models refuse", () => {
    assert.equal(supportsPrefill("anthropic"), false);
  });
});

describe("Parameters for Anthropic", () => {
  it("translates parameters that Anthropic names differently", () => {
    assert.deepEqual(
      buildParameters({ max_tokens: 100, stop: "END", user: "u-1", temperature: 0.5, top_p: 0.9, top_k: 5 }),
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
      buildParameters({ max_completion_tokens: 7, stop: ["a", "b"], metadata: { user_id: "m" } }),
      {
        max_tokens: 7,
        stop_sequences: ["a", "b"],
        metadata: { user_id: "m" },
      },
    );
  });

  it("sends Anthropic's own parameters unchanged", () => {
    const own = {
      thinking: { type: "enabled", budget_tokens: 2000 },
      service_tier: "auto",
      cache_control: { type: "ephemeral" },
      yet_to_come: 1,
    };
    assert.deepEqual(buildParameters(own), { max_tokens: 6096, ...own });
  });

  it("drops parameters that Anthropic lacks if they change nothing", () => {
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
    assert.deepEqual(buildParameters(parameters), { max_tokens: 4096 });
  });

  it("fails with invalid_request that names a parameter with an effect that Anthropic lacks", () => {
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
      assertRefused(
        { parameters: { [name]: value } },
        new RegExp(`^Anthropic cannot take the parameter ${name}\\.`),
      );
    }
  });

  it("translates a response_format with a schema for Anthropic, and refuses one without", () => {
    const schema = { type: "object", properties: {}, additionalProperties: false };
    const format = { type: "json_schema", json_schema: { name: "n", strict: true, schema } };
    assert.deepEqual(buildParameters({ response_format: format }), {
      max_tokens: 4096,
      output_config: { format: { type: "json_schema", schema } },
    });
    assert.deepEqual(buildParameters({ response_format: format, output_config: { effort: "low" } }), {
      max_tokens: 4096,
      output_config: { format: { type: "json_schema", schema }, effort: "low" },
    });
    assertRefused(
      { parameters: { response_format: { type: "json_object" } } },
      /response_format without a schema.*JSON Schema/,
    );
  });
});

describe("Tools for Anthropic", () => {
  it("translates functions for Anthropic, with strict and cache_control", () => {
    const { name, description, parameters } = WEATHER.function;
    const body = buildBody({
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

  it("sends Anthropic's own tools, and tools in its form, unchanged", () => {
    const tools = [
      { type: "web_search_20250305", name: "web_search", max_uses: 2 },
      { name: "f", input_schema: { type: "object" } },
      { type: "mcp_toolset", mcp_server_name: "notes" },
      { type: "computer_toolset_20260801" },
    ];
    assert.deepEqual(buildBody({ tools })["tools"], tools);
  });

  it("names the betas of Anthropic's own tools, except for those that the author names in another version", () => {
    const tools = [
      { type: "mcp_toolset", mcp_server_name: "notes" },
      { type: "computer_20251124", name: "computer" },
    ];
    const readBetas = (headers: Record<string, string>) =>
      ANTHROPIC_PROVIDER.buildChatRequest({ ...REQUEST, tools }, { ...ENDPOINT, headers }, {}).headers[
        "anthropic-beta"
      ];
    assert.equal(readBetas({}), "mcp-client-2025-11-20,computer-use-2025-11-24");
    assert.equal(
      readBetas({ "anthropic-beta": "mcp-client-2026-09-15" }),
      "mcp-client-2026-09-15,computer-use-2025-11-24",
    );
  });

  it("fails with invalid_request for a tool that is neither a function nor Anthropic's", () => {
    assertRefused({ tools: [WEATHER, { type: "custom", custom: { name: "x" } }] }, /tool 1/);
    assertRefused({ tools: ["f"] }, /Tool 0 is not an object/);
  });

  it("translates tool_choice and parallel_tool_calls for Anthropic", () => {
    const buildToolChoice = (parameters: Record<string, unknown>, tools: unknown[] = [WEATHER]) =>
      buildBody({ tools, parameters })["tool_choice"];
    assert.equal(buildToolChoice({}), undefined);
    assert.deepEqual(buildToolChoice({ tool_choice: "auto" }), { type: "auto" });
    assert.deepEqual(buildToolChoice({ tool_choice: "required" }), { type: "any" });
    assert.deepEqual(buildToolChoice({ tool_choice: "none", parallel_tool_calls: false }), { type: "none" });
    assert.deepEqual(buildToolChoice({ tool_choice: { type: "function", function: { name: "f" } } }), {
      type: "tool",
      name: "f",
    });
    assert.deepEqual(buildToolChoice({ tool_choice: { type: "any", disable_parallel_tool_use: true } }), {
      type: "any",
      disable_parallel_tool_use: true,
    });
    assert.deepEqual(buildToolChoice({ parallel_tool_calls: false }), {
      type: "auto",
      disable_parallel_tool_use: true,
    });
    assert.equal(buildToolChoice({ tool_choice: "auto", parallel_tool_calls: false }, []), undefined);
    assertRefused(
      { tools: [WEATHER], parameters: { tool_choice: { type: "allowed_tools" } } },
      /tool_choice/,
    );
  });
});

describe("Model list of Anthropic", () => {
  it("requests all Anthropic models in one page and reads their ids", () => {
    const { method, url, headers } = ANTHROPIC_PROVIDER.buildModelsRequest({
      ...ENDPOINT,
      baseUrl: "https://api.anthropic.com",
    });
    assert.deepEqual([method, url.href], ["GET", "https://api.anthropic.com/v1/models?limit=1000"]);
    assert.equal(headers["x-api-key"], "sk-ant-1");
    assert.deepEqual(
      ANTHROPIC_PROVIDER.readModelNames(
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

describe("Error response of Anthropic", () => {
  const readFailure = (status: number, type: string, message: string, headers: Record<string, string> = {}) =>
    ANTHROPIC_PROVIDER.readError(
      status,
      { "request-id": "req_1", ...headers },
      JSON.stringify({ type: "error", error: { type, message }, request_id: "req_1" }),
      Date.UTC(2026, 0, 1),
    );

  it("classifies Anthropic errors by status and text", () => {
    const summarise = (failure: Failure) => [failure.code, failure.retryable, failure.requestId];
    assert.deepEqual(summarise(readFailure(529, "overloaded_error", "Overloaded")), [
      "overloaded",
      true,
      "req_1",
    ]);
    assert.deepEqual(summarise(readFailure(401, "authentication_error", "invalid x-api-key")), [
      "authentication",
      false,
      "req_1",
    ]);
    assert.deepEqual(summarise(readFailure(413, "request_too_large", "Too large")), [
      "invalid_request",
      false,
      "req_1",
    ]);
    assert.deepEqual(summarise(readFailure(400, "invalid_request_error", "prompt is too long: 3 > 2")), [
      "context_length",
      false,
      "req_1",
    ]);
    assert.deepEqual(summarise(readFailure(404, "not_found_error", "model: claude-0")), [
      "not_found",
      false,
      "req_1",
    ]);
    assert.deepEqual(summarise(readFailure(500, "api_error", "Internal server error")), [
      "server_error",
      true,
      "req_1",
    ]);
    assert.deepEqual(summarise(readFailure(400, "invalid_request_error", "Your credit balance is too low")), [
      "insufficient_credits",
      false,
      "req_1",
    ]);
  });

  it("reads Anthropic's wait from retry-after, else from the reset of the exhausted limit", () => {
    const limits = {
      "anthropic-ratelimit-requests-remaining": "10",
      "anthropic-ratelimit-requests-reset": "2026-01-01T01:00:00Z",
      "anthropic-ratelimit-output-tokens-remaining": "0",
      "anthropic-ratelimit-output-tokens-reset": "2026-01-01T00:00:20Z",
    };
    const wait = (headers: Record<string, string>) =>
      readFailure(429, "rate_limit_error", "No.", headers).retryAfterMs;
    assert.equal(wait({ ...limits, "retry-after": "7" }), 7000);
    assert.equal(wait(limits), 20_000);
    assert.equal(readFailure(429, "rate_limit_error", "No.", { "x-should-retry": "false" }).retryable, false);
  });
});
