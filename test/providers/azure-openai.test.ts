import assert from "node:assert/strict";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { Failure } from "../../src/core/failure.js";
import { AZURE_OPENAI_PROVIDER } from "../../src/providers/azure-openai.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";

const RESOURCE = "https://my-resource.openai.azure.com";

function request(settings: Record<string, unknown>, asked: Partial<ChatRequest> = {}, baseUrl = RESOURCE) {
  const endpoint = checkEndpoint(AZURE_OPENAI_PROVIDER, { baseUrl, apiKey: "az-key", settings });
  const wire = AZURE_OPENAI_PROVIDER.chat({ model: "gpt-4o", messages: [], ...asked }, endpoint, {});
  return {
    url: wire.url.href,
    headers: wire.headers,
    body: JSON.parse(wire.body!),
    models: AZURE_OPENAI_PROVIDER.models(endpoint),
  };
}

describe("A text to be spoken by Azure OpenAI", () => {
  const spoken = (settings: Record<string, unknown>, model?: string) => {
    const endpoint = checkEndpoint(AZURE_OPENAI_PROVIDER, { baseUrl: RESOURCE, apiKey: "az-key", settings });
    const { url, headers, body } = AZURE_OPENAI_PROVIDER.speech!(
      { text: "Hi", voice: "alloy", ...(model ? { model } : {}) },
      endpoint,
    );
    assert.equal(headers["api-key"], "az-key");
    assert.equal(headers["authorization"], undefined);
    return [url.href.slice(RESOURCE.length), (JSON.parse(body!) as { model: string }).model];
  };

  it("goes to the voice's deployment, which the node names, else to the provider's", () => {
    assert.deepEqual(spoken({}, "tts"), ["/openai/v1/audio/speech", "tts"]);
    const dated = { apiVersion: "2025-04-01-preview", deployment: "my-gpt" };
    const path = (name: string) => `/openai/deployments/${name}/audio/speech?api-version=2025-04-01-preview`;
    assert.deepEqual(spoken(dated, "tts"), [path("tts"), "tts"]);
    assert.deepEqual(spoken(dated), [path("my-gpt"), "my-gpt"]);
    assert.throws(() => spoken({ apiVersion: "2025-04-01-preview" }), { code: "invalid_request" });
  });
});

describe("A request to Azure OpenAI", () => {
  it("goes to the v1 API where no API version is set; the deployment is the model", () => {
    const { url, body, models } = request({ deployment: "my-gpt" });
    assert.equal(url, `${RESOURCE}/openai/v1/chat/completions`);
    assert.equal(body.model, "my-gpt");
    assert.equal(models.url.href, `${RESOURCE}/openai/v1/models`);
    assert.equal(request({}).body.model, "gpt-4o");
    for (const apiVersion of ["v1", "latest"]) assert.equal(request({ apiVersion }).url, url);
  });

  it("asks the v1 API for its preview where that is the API version", () => {
    const { url, body, models } = request({ apiVersion: "preview" }, { parameters: { max_tokens: 5 } });
    assert.equal(url, `${RESOURCE}/openai/v1/chat/completions?api-version=preview`);
    assert.equal(models.url.href, `${RESOURCE}/openai/v1/models?api-version=preview`);
    assert.equal(body.max_completion_tokens, 5);
  });

  it("goes to the deployment's own address where one is set; the model's name is the deployment's if need be", () => {
    const { url, models } = request({ deployment: "my gpt/4", apiVersion: "2024-10-21" });
    assert.equal(url, `${RESOURCE}/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21`);
    assert.equal(models.url.href, `${RESOURCE}/openai/models?api-version=2024-10-21`);
    const other = request({ apiVersion: "2024-10-21" }, { model: "other" });
    assert.equal(other.url, `${RESOURCE}/openai/deployments/other/chat/completions?api-version=2024-10-21`);
  });

  it("is refused where the deployment's name would lead elsewhere", () => {
    for (const model of ["..", ".", "\ud800"]) {
      assert.throws(
        () => request({ apiVersion: "2024-10-21" }, { model }),
        { code: "invalid_request" },
        model,
      );
    }
  });

  it("takes the resource's address in every form that the portal shows", () => {
    const forms = [
      "/",
      "/openai",
      "/openai/",
      "/openai/v1",
      "/openai/v1/",
      "/openai/deployments/x/chat/completions?api-version=2023-05-15",
    ];
    for (const form of forms) {
      assert.equal(request({}, {}, RESOURCE + form).url, `${RESOURCE}/openai/v1/chat/completions`, form);
    }
    const gateway = request({ apiVersion: "2024-10-21" }, {}, "https://gate.example/ai/openai");
    assert.equal(
      gateway.url,
      "https://gate.example/ai/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    );
  });

  it("bears the key in its own header, or a token that the author puts into another", () => {
    const { headers, models } = request({});
    assert.equal(headers["api-key"], "az-key");
    assert.equal(headers["authorization"], undefined);
    assert.equal(models.headers["api-key"], "az-key");
    const token = checkEndpoint(AZURE_OPENAI_PROVIDER, {
      baseUrl: RESOURCE,
      headers: { Authorization: "Bearer t" },
    });
    const wire = AZURE_OPENAI_PROVIDER.chat({ model: "m", messages: [] }, token, {});
    assert.equal(wire.headers["authorization"], "Bearer t");
    assert.equal(wire.headers["api-key"], undefined);
  });

  it("is refused without a key, and without an address, before anything is sent", () => {
    const refused = (endpoint: object, code: string) =>
      assert.throws(
        () => checkEndpoint(AZURE_OPENAI_PROVIDER, endpoint),
        (thrown) => thrown instanceof Failure && thrown.code === code,
      );
    refused({ baseUrl: RESOURCE }, "credentials");
    refused({ baseUrl: RESOURCE, headers: { "x-title": "t" } }, "credentials");
    refused({ apiKey: "az-key" }, "configuration");
  });

  it("names the longest answer as the API version knows it", () => {
    const asked = { parameters: { max_tokens: 5 } };
    assert.equal(request({}, asked).body.max_completion_tokens, 5);
    assert.equal(request({ apiVersion: "2024-10-21" }, asked).body.max_completion_tokens, 5);
    const old = request({ apiVersion: "2024-02-15-preview" }, asked).body;
    assert.equal(old.max_tokens, 5);
    assert.ok(!("max_completion_tokens" in old));
  });
});

describe("The list of Azure's models", () => {
  const listed = (settings: Record<string, unknown>, body: unknown) =>
    AZURE_OPENAI_PROVIDER.modelNames(
      body,
      checkEndpoint(AZURE_OPENAI_PROVIDER, { baseUrl: RESOURCE, apiKey: "k", settings }),
    );

  it("offers the deployment and none of the models that could be deployed", () => {
    const body = { data: [{ id: "gpt-4o-2024-11-20" }, { id: "text-embedding-ada-002" }] };
    assert.deepEqual(listed({ deployment: "my-gpt" }, body), ["my-gpt"]);
    assert.deepEqual(listed({}, body), []);
  });

  it("is refused where it is none: the address is another's", () => {
    assert.throws(() => listed({ deployment: "my-gpt" }, { message: "Hello" }), { code: "bad_response" });
  });
});

describe("A refusal of Azure OpenAI", () => {
  const failure = (status: number, error: object, headers = {}) =>
    AZURE_OPENAI_PROVIDER.failure(status, headers, JSON.stringify({ error }), 0);

  it("by a content filter is told apart", () => {
    const inner = {
      code: "ResponsibleAIPolicyViolation",
      content_filter_result: { hate: { filtered: true } },
    };
    const told = failure(400, {
      code: "content_filter",
      status: 400,
      param: "prompt",
      message: "The prompt was filtered",
      innererror: inner,
    });
    assert.deepEqual([told.code, told.retryable], ["content_filter", false]);
    assert.equal(failure(400, { code: null, message: "Refused", innererror: inner }).code, "content_filter");
  });

  it("is of the kind that its status and code say", () => {
    assert.equal(failure(401, { code: "401", message: "Access denied" }).code, "authentication");
    assert.equal(
      failure(404, { code: "DeploymentNotFound", message: "No such deployment" }).code,
      "not_found",
    );
    const busy = failure(429, {
      code: "429",
      message:
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds. Please go here: https://aka.ms/oai/quotaincrease if you would like to further increase the default rate limit.",
    });
    assert.deepEqual([busy.code, busy.retryable, busy.retryAfterMs], ["rate_limit", true, 6000]);
    assert.equal(
      failure(429, { code: "429", message: "Slow down" }, { "retry-after-ms": "1500" }).retryAfterMs,
      1500,
    );
  });
});
