import assert from "node:assert/strict";
import { Failure } from "../../src/core/failure.js";
import type { ChatRequest } from "../../src/core/request.js";
import { AZURE_OPENAI } from "../../src/providers/azure-openai.js";
import { checkEndpoint } from "../../src/providers/endpoint.js";

const RESOURCE = "https://my-resource.openai.azure.com";

function request(settings: Record<string, unknown>, asked: Partial<ChatRequest> = {}, baseUrl = RESOURCE) {
  const endpoint = checkEndpoint(AZURE_OPENAI, { baseUrl, apiKey: "az-key", settings });
  const wire = AZURE_OPENAI.chat({ model: "gpt-4o", messages: [], ...asked }, endpoint, {});
  return {
    url: wire.url.href,
    headers: wire.headers,
    body: JSON.parse(wire.body!),
    models: AZURE_OPENAI.models(endpoint),
  };
}

describe("A request to Azure OpenAI", () => {
  it("goes to the v1 API where no API version is set; the deployment is the model", () => {
    const { url, body, models } = request({ deployment: "my-gpt" });
    assert.equal(url, `${RESOURCE}/openai/v1/chat/completions`);
    assert.equal(body.model, "my-gpt");
    assert.equal(models.url.href, `${RESOURCE}/openai/v1/models`);
    assert.equal(request({}).body.model, "gpt-4o");
    for (const apiVersion of ["v1", "preview", "latest"]) assert.equal(request({ apiVersion }).url, url);
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
    const token = checkEndpoint(AZURE_OPENAI, { baseUrl: RESOURCE, headers: { Authorization: "Bearer t" } });
    const wire = AZURE_OPENAI.chat({ model: "m", messages: [] }, token, {});
    assert.equal(wire.headers["authorization"], "Bearer t");
    assert.equal(wire.headers["api-key"], undefined);
  });

  it("is refused without a key, and without an address, before anything is sent", () => {
    const refused = (endpoint: object, code: string) =>
      assert.throws(
        () => checkEndpoint(AZURE_OPENAI, endpoint),
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

describe("A refusal of Azure OpenAI", () => {
  const failure = (status: number, error: object, headers = {}) =>
    AZURE_OPENAI.failure(status, headers, JSON.stringify({ error }), 0);

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
      message: "Requests have exceeded the token rate limit. Please retry after 6 seconds.",
    });
    assert.deepEqual([busy.code, busy.retryAfterMs], ["rate_limit", 6000]);
    assert.equal(
      failure(429, { code: "429", message: "Slow down" }, { "retry-after-ms": "1500" }).retryAfterMs,
      1500,
    );
  });
});
