import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider, PROVIDERS } from "../../src/providers/index.js";
import { readFormAdvice } from "../../src/providers/responses/form-advice.js";
import type { Endpoint } from "../../src/providers/shared/endpoint.js";
import { assertFailure } from "../support/assert-failure.js";

const REQUEST: ChatRequest = { model: "m", messages: [{ role: "user", content: "hi" }] };

function getUrl(id: string, endpoint: Partial<Endpoint>, request: Partial<ChatRequest> = {}): string {
  const provider = getProvider(id);
  const checked = checkEndpoint(provider, { apiKey: "k", ...endpoint });
  return provider.buildChatRequest({ ...REQUEST, ...request }, checked, {}).url.href;
}

describe("Form of a request", () => {
  const GATEWAY = "https://gateway.example/v1";

  it("is the better one for an empty api: Responses for OpenAI and Azure, Chat Completions for the others", () => {
    assert.equal(getUrl("openai", { api: "" }), "https://api.openai.com/v1/responses");
    assert.equal(getUrl("openai", { api: "", baseUrl: GATEWAY }), `${GATEWAY}/responses`);
    assert.equal(
      getUrl("azure-openai", { api: "", baseUrl: "https://r.openai.azure.com" }),
      "https://r.openai.azure.com/openai/v1/responses",
    );
    for (const id of ["xai", "openrouter", "groq", "lmstudio", "vllm", "ollama-v1", "custom"])
      assert.match(getUrl(id, { api: "", baseUrl: GATEWAY }), /\/chat\/completions$/, id);
  });

  it("is the one that the author sets, for every service that has both", () => {
    const both = PROVIDERS.filter(({ forms }) => forms);
    assert.ok(both.length > 10);
    for (const { id } of both) {
      assert.match(getUrl(id, { api: "responses", baseUrl: GATEWAY }), /\/responses$/, id);
      assert.match(getUrl(id, { api: "chat", baseUrl: GATEWAY }), /\/chat\/completions$/, id);
    }
  });

  it("stays Chat Completions for a flow without api at another address, and for what only that form has", () => {
    assert.equal(getUrl("openai", {}), "https://api.openai.com/v1/responses");
    assert.equal(getUrl("openai", { baseUrl: GATEWAY }), `${GATEWAY}/chat/completions`);
    const parameters = { stop: ["x"] };
    assert.equal(getUrl("openai", {}, { parameters }), "https://api.openai.com/v1/chat/completions");
    assertFailure(() => getUrl("openai", { api: "" }, { parameters }), "invalid_request", /stop/);
  });

  it("is Chat Completions for dated versions of Azure that have no Responses", () => {
    const baseUrl = "https://r.openai.azure.com";
    const old = { apiVersion: "2024-10-21" };
    for (const api of [undefined, ""] as const) {
      const endpoint = { baseUrl, settings: old, ...(api === undefined ? {} : { api }) };
      assert.match(
        getUrl("azure-openai", endpoint),
        /deployments\/m\/chat\/completions\?api-version=2024-10-21$/,
      );
    }
    const endpoint = { baseUrl, api: "responses" as const };
    assertFailure(
      () => getUrl("azure-openai", { ...endpoint, settings: old }),
      "configuration",
      /2024-10-21/,
    );
    const settings = { apiVersion: "2025-04-01-preview", deployment: "mine" };
    assert.equal(
      getUrl("azure-openai", { ...endpoint, settings }),
      `${baseUrl}/openai/responses?api-version=2025-04-01-preview`,
    );
  });

  it("fails with configuration if the service does not offer it, or if it is unknown", () => {
    assertFailure(() => getUrl("anthropic", { api: "responses" }), "configuration", /Anthropic/);
    assertFailure(
      () => getUrl("openai", { api: "grpc" as "chat" }),
      "configuration",
      /“chat” or “responses”/,
    );
  });

  it("may be part of a pasted address", () => {
    assert.equal(getUrl("openai", { api: "", baseUrl: `${GATEWAY}/responses` }), `${GATEWAY}/responses`);
  });
});

describe("Advice for a refusal in the wrong form", () => {
  const advise = (api: "chat" | "responses", status: number, text: string, id = "openai") =>
    readFormAdvice(getProvider(id), { baseUrl: "https://a.example/v1", api }, status, text);

  for (const [status, text] of [
    [
      404,
      "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?",
    ],
    [400, "This model is only supported in v1/responses and not in v1/chat/completions."],
    [
      400,
      "Function tools with reasoning_effort are not supported for m in /v1/chat/completions. Please use /v1/responses instead.",
    ],
    [400, "To use function tools, use /v1/responses or set reasoning_effort to 'none'."],
    [
      400,
      '{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model"}}',
    ],
    [400, '{"error":{"code":"unsupported_api_for_model","message":"model m is not accessible"}}'],
    [400, "This model is not available via Chat Completions; use the Responses API."],
    [502, "upstream: model m does not support the chat completions endpoint"],
    [0, "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to 'input'."],
  ] as const) {
    it(`names Responses for: ${text}`, () => {
      assert.match(advise("chat", status, text)!, /^Set API of the provider to Responses/);
    });
  }

  for (const [status, text] of [
    [404, "<html><body>404 page not found</body></html>"],
    [404, '{"error":{"message":"Invalid URL (POST /v1/responses)"}}'],
    [405, "Method Not Allowed"],
    [400, "m is not supported with the Responses API. Use chat completions."],
    [
      400,
      '{"error":{"code":"unsupported_api_for_model","message":"model m does not support Responses API."}}',
    ],
    [501, "the responses endpoint is not implemented"],
  ] as const) {
    it(`names Chat Completions for: ${text}`, () => {
      assert.match(advise("responses", status, text)!, /set API of the provider to Chat Completions/i);
    });
  }

  for (const [api, status, text] of [
    ["chat", 429, "Rate limit reached for /v1/responses"],
    ["chat", 404, "The model `m` does not exist or you do not have access to it."],
    ["responses", 404, "The model `m` does not exist or you do not have access to it."],
    ["responses", 400, "Unsupported parameter: 'temperature' is not supported with this model."],
    ["chat", 400, "Invalid schema for response_format"],
    ["responses", 401, "You need to use chat completions"],
  ] as const) {
    it(`is none for ${status} in ${api}: ${text}`, () => {
      assert.equal(advise(api, status, text), undefined);
    });
  }

  it("is none for a service with one form", () => {
    assert.equal(advise("chat", 400, "use /v1/responses", "mistral"), undefined);
  });
});
