import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure } from "../../src/core/failure.js";
import { AZURE_OPENAI_PROVIDER } from "../../src/providers/azure-openai.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";

const RESOURCE = "https://my-resource.openai.azure.com";

function buildRequest(
  settings: Record<string, unknown>,
  overrides: Partial<ChatRequest> = {},
  baseUrl = RESOURCE,
) {
  const endpoint = checkEndpoint(AZURE_OPENAI_PROVIDER, { baseUrl, apiKey: "az-key", api: "chat", settings });
  const wire = AZURE_OPENAI_PROVIDER.buildChatRequest(
    { model: "gpt-4o", messages: [], ...overrides },
    endpoint,
    {},
  );
  return {
    url: wire.url.href,
    headers: wire.headers,
    body: JSON.parse(wire.body!),
    models: AZURE_OPENAI_PROVIDER.buildModelsRequest(endpoint),
  };
}

describe("Speech request to Azure OpenAI", () => {
  const buildSpeech = (settings: Record<string, unknown>, model?: string) => {
    const endpoint = checkEndpoint(AZURE_OPENAI_PROVIDER, {
      baseUrl: RESOURCE,
      apiKey: "az-key",
      api: "chat",
      settings,
    });
    const { url, headers, body } = AZURE_OPENAI_PROVIDER.buildSpeechRequest!(
      { text: "Hi", voice: "alloy", ...(model ? { model } : {}) },
      endpoint,
    );
    assert.equal(headers["api-key"], "az-key");
    assert.equal(headers["authorization"], undefined);
    return [url.href.slice(RESOURCE.length), (JSON.parse(body!) as { model: string }).model];
  };

  it("speaks with the deployment that the node names, else with the provider's", () => {
    assert.deepEqual(buildSpeech({}, "tts"), ["/openai/v1/audio/speech", "tts"]);
    const dated = { apiVersion: "2025-04-01-preview", deployment: "my-gpt" };
    const buildPath = (name: string) =>
      `/openai/deployments/${name}/audio/speech?api-version=2025-04-01-preview`;
    assert.deepEqual(buildSpeech(dated, "tts"), [buildPath("tts"), "tts"]);
    assert.deepEqual(buildSpeech(dated), [buildPath("my-gpt"), "my-gpt"]);
    assert.throws(() => buildSpeech({ apiVersion: "2025-04-01-preview" }), { code: "invalid_request" });
  });
});

describe("Chat request to Azure OpenAI", () => {
  it("goes to Azure's v1 API without an API version, with the deployment as the model", () => {
    const { url, body, models } = buildRequest({ deployment: "my-gpt" });
    assert.equal(url, `${RESOURCE}/openai/v1/chat/completions`);
    assert.equal(body.model, "my-gpt");
    assert.equal(models.url.href, `${RESOURCE}/openai/v1/models`);
    assert.equal(buildRequest({}).body.model, "gpt-4o");
    for (const apiVersion of ["v1", "latest"]) assert.equal(buildRequest({ apiVersion }).url, url);
  });

  it("goes to the preview of Azure's v1 API if the API version is preview", () => {
    const { url, body, models } = buildRequest({ apiVersion: "preview" }, { parameters: { max_tokens: 5 } });
    assert.equal(url, `${RESOURCE}/openai/v1/chat/completions?api-version=preview`);
    assert.equal(models.url.href, `${RESOURCE}/openai/v1/models?api-version=preview`);
    assert.equal(body.max_completion_tokens, 5);
  });

  it("goes to the deployment's own URL with a dated API version, and takes the model as the deployment if none is set", () => {
    const { url, models } = buildRequest({ deployment: "my gpt/4", apiVersion: "2024-10-21" });
    assert.equal(url, `${RESOURCE}/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21`);
    assert.equal(models.url.href, `${RESOURCE}/openai/models?api-version=2024-10-21`);
    const other = buildRequest({ apiVersion: "2024-10-21" }, { model: "other" });
    assert.equal(other.url, `${RESOURCE}/openai/deployments/other/chat/completions?api-version=2024-10-21`);
  });

  it("fails with invalid_request if the deployment's name would change the URL's path", () => {
    for (const model of ["..", ".", "\ud800"]) {
      assert.throws(
        () => buildRequest({ apiVersion: "2024-10-21" }, { model }),
        { code: "invalid_request" },
        model,
      );
    }
  });

  it("accepts the resource URL in every form that the Azure portal shows", () => {
    const forms = [
      "/",
      "/openai",
      "/openai/",
      "/openai/v1",
      "/openai/v1/",
      "/openai/deployments/x/chat/completions?api-version=2023-05-15",
    ];
    for (const form of forms) {
      assert.equal(buildRequest({}, {}, RESOURCE + form).url, `${RESOURCE}/openai/v1/chat/completions`, form);
    }
    const gateway = buildRequest({ apiVersion: "2024-10-21" }, {}, "https://gate.example/ai/openai");
    assert.equal(
      gateway.url,
      "https://gate.example/ai/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    );
  });

  it("sends the key as api-key, or a token in the author's Authorization header instead", () => {
    const { headers, models } = buildRequest({});
    assert.equal(headers["api-key"], "az-key");
    assert.equal(headers["authorization"], undefined);
    assert.equal(models.headers["api-key"], "az-key");
    const token = checkEndpoint(AZURE_OPENAI_PROVIDER, {
      baseUrl: RESOURCE,
      headers: { Authorization: "Bearer t" },
    });
    const wire = AZURE_OPENAI_PROVIDER.buildChatRequest({ model: "m", messages: [] }, token, {});
    assert.equal(wire.headers["authorization"], "Bearer t");
    assert.equal(wire.headers["api-key"], undefined);
  });

  it("fails before sending if the Azure key or base URL is missing", () => {
    const assertRefused = (endpoint: object, code: string) =>
      assert.throws(
        () => checkEndpoint(AZURE_OPENAI_PROVIDER, endpoint),
        (thrown) => thrown instanceof Failure && thrown.code === code,
      );
    assertRefused({ baseUrl: RESOURCE }, "credentials");
    assertRefused({ baseUrl: RESOURCE, headers: { "x-title": "t" } }, "credentials");
    assertRefused({ apiKey: "az-key" }, "configuration");
  });

  it("sends the token limit under the name that the API version knows", () => {
    const overrides = { parameters: { max_tokens: 5 } };
    assert.equal(buildRequest({}, overrides).body.max_completion_tokens, 5);
    assert.equal(buildRequest({ apiVersion: "2024-10-21" }, overrides).body.max_completion_tokens, 5);
    const old = buildRequest({ apiVersion: "2024-02-15-preview" }, overrides).body;
    assert.equal(old.max_tokens, 5);
    assert.ok(!("max_completion_tokens" in old));
  });
});

describe("Model list of Azure OpenAI", () => {
  const readNames = (settings: Record<string, unknown>, body: unknown) =>
    AZURE_OPENAI_PROVIDER.readModelNames(
      body,
      checkEndpoint(AZURE_OPENAI_PROVIDER, { baseUrl: RESOURCE, apiKey: "k", settings }),
    );

  it("offers only the deployment, not the models that could be deployed", () => {
    const body = { data: [{ id: "gpt-4o-2024-11-20" }, { id: "text-embedding-ada-002" }] };
    assert.deepEqual(readNames({ deployment: "my-gpt" }, body), ["my-gpt"]);
    assert.deepEqual(readNames({}, body), []);
  });

  it("fails with bad_response if the body is not a model list, as another server's would be", () => {
    assert.throws(() => readNames({ deployment: "my-gpt" }, { message: "Hello" }), { code: "bad_response" });
  });
});

describe("Error response of Azure OpenAI", () => {
  const readFailure = (status: number, error: object, headers = {}) =>
    AZURE_OPENAI_PROVIDER.readError(status, headers, JSON.stringify({ error }), 0);

  it("classifies a refusal by Azure's content filter as content_filter", () => {
    const inner = {
      code: "ResponsibleAIPolicyViolation",
      content_filter_result: { hate: { filtered: true } },
    };
    const filtered = readFailure(400, {
      code: "content_filter",
      status: 400,
      param: "prompt",
      message: "The prompt was filtered",
      innererror: inner,
    });
    assert.deepEqual([filtered.code, filtered.retryable], ["content_filter", false]);
    assert.equal(
      readFailure(400, { code: null, message: "Refused", innererror: inner }).code,
      "content_filter",
    );
  });

  it("classifies Azure errors by status and code, and reads the wait from text or header", () => {
    assert.equal(readFailure(401, { code: "401", message: "Access denied" }).code, "authentication");
    assert.equal(
      readFailure(404, { code: "DeploymentNotFound", message: "No such deployment" }).code,
      "not_found",
    );
    const busy = readFailure(429, {
      code: "429",
      message:
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.",
    });
    assert.deepEqual([busy.code, busy.retryable, busy.retryAfterMs], ["rate_limit", true, 6000]);
    assert.equal(
      readFailure(429, { code: "429", message: "Slow down" }, { "retry-after-ms": "1500" }).retryAfterMs,
      1500,
    );
  });
});
