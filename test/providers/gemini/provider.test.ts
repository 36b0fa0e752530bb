import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { Failure } from "../../../src/core/failure.js";
import { getProvider } from "../../../src/providers/index.js";
import { assertFailure } from "../../support/assert-failure.js";
import { createError } from "../../support/services/gemini-records.js";

const gemini = getProvider("gemini");
const ENDPOINT = { baseUrl: gemini.baseUrl!, apiKey: "key-1" };
const HI: ChatMessage = { role: "user", content: "Hi" };
const REQUEST: ChatRequest = { model: "gemini-2.5-flash", messages: [HI] };

const buildRequest = (request: Partial<ChatRequest> = {}, baseUrl = ENDPOINT.baseUrl) =>
  gemini.buildChatRequest({ ...REQUEST, ...request }, { ...ENDPOINT, baseUrl }, {});
const buildBody = (request: Partial<ChatRequest> = {}) =>
  JSON.parse(buildRequest(request).body!) as Record<string, unknown>;
const buildConfig = (parameters: Record<string, unknown>, model = REQUEST.model) =>
  buildBody({ parameters, model })["generationConfig"];
const assertRefused = (request: Partial<ChatRequest>, pattern: RegExp) =>
  assertFailure(() => buildBody(request), "invalid_request", pattern);

const WEATHER = {
  type: "function",
  function: { name: "get_weather", description: "Tells it", parameters: { type: "object" }, strict: true },
};

describe("Chat request to Gemini", () => {
  it("asks Gemini for events, with the key only in a header", () => {
    const { url, headers, body, method } = buildRequest();
    assert.equal(method, "POST");
    assert.equal(
      url.href,
      "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    );
    assert.equal(headers["x-goog-api-key"], "key-1");
    assert.equal(headers["authorization"], undefined);
    assert.ok(!url.href.includes("key-1") && !body!.includes("key-1"));
    assert.deepEqual(JSON.parse(body!), { contents: [{ role: "user", parts: [{ text: "Hi" }] }] });
  });

  it("accepts a Gemini model name with or without collection, and refuses one that changes the URL", () => {
    const buildPath = (model: string, base?: string) => buildRequest({ model }, base).url.pathname;
    assert.equal(buildPath("models/m-1"), "/v1beta/models/m-1:streamGenerateContent");
    assert.equal(buildPath("tunedModels/own"), "/v1beta/tunedModels/own:streamGenerateContent");
    assert.equal(buildPath("m", "https://host/"), "/v1beta/models/m:streamGenerateContent");
    assert.equal(buildPath("m", "https://host/v1beta/openai/"), "/v1beta/models/m:streamGenerateContent");
    assert.equal(buildPath("m", "https://host/gateway/v1"), "/gateway/v1/models/m:streamGenerateContent");
    for (const model of ["../files", "a/../b", "a?key=1", "a b", "a#b", "a:countTokens", "%2e", "/a", "a//b"])
      assertRefused({ model }, /cannot be the name/);
  });

  it("renames parameters for Gemini and sends Gemini's own unchanged", () => {
    assert.deepEqual(
      buildBody({
        parameters: {
          temperature: 0.2,
          top_p: 0.9,
          top_k: 40,
          max_tokens: 100,
          stop: "END",
          seed: 7,
          n: 2,
          presence_penalty: 0.1,
          frequency_penalty: 0.2,
          logprobs: true,
          top_logprobs: 3,
          modalities: ["text", "image"],
          user: "ann",
          stream_options: { include_usage: true },
          safetySettings: [{ category: "C", threshold: "BLOCK_NONE" }],
          cachedContent: "cachedContents/1",
          generationConfig: { temperature: 0.3, mediaResolution: "LOW" },
        },
      }),
      {
        contents: [{ role: "user", parts: [{ text: "Hi" }] }],
        generationConfig: {
          temperature: 0.3,
          topP: 0.9,
          topK: 40,
          maxOutputTokens: 100,
          stopSequences: ["END"],
          seed: 7,
          candidateCount: 2,
          presencePenalty: 0.1,
          frequencyPenalty: 0.2,
          responseLogprobs: true,
          logprobs: 3,
          responseModalities: ["TEXT", "IMAGE"],
          mediaResolution: "LOW",
        },
        safetySettings: [{ category: "C", threshold: "BLOCK_NONE" }],
        cachedContent: "cachedContents/1",
      },
    );
    assert.deepEqual(buildConfig({ max_completion_tokens: 5, max_tokens: 9, stop: ["a", "b"] }), {
      maxOutputTokens: 5,
      stopSequences: ["a", "b"],
    });
  });

  it("asks Gemini for JSON with or without a schema", () => {
    const schema = { type: "object", properties: { a: { type: "number" } } };
    assert.deepEqual(buildConfig({ response_format: { type: "json_object" } }), {
      responseMimeType: "application/json",
    });
    assert.deepEqual(
      buildConfig({ response_format: { type: "json_schema", json_schema: { name: "x", schema } } }),
      { responseMimeType: "application/json", responseJsonSchema: schema },
    );
    assert.equal(buildConfig({ response_format: { type: "text" } }), undefined);
    assertRefused({ parameters: { response_format: { type: "grammar" } } }, /response_format/);
  });

  const buildThinking = (model: string, reasoning_effort: unknown) =>
    (buildConfig({ reasoning_effort }, model) as Record<string, unknown>)["thinkingConfig"];

  it("translates reasoning_effort to a budget or a level, and asks for the thoughts", () => {
    assert.deepEqual(buildThinking("gemini-2.5-pro", "medium"), {
      thinkingBudget: 8192,
      includeThoughts: true,
    });
    assert.deepEqual(buildThinking("models/gemini-2.5-flash", "none"), {
      thinkingBudget: 0,
      includeThoughts: false,
    });
    assert.deepEqual(buildThinking("gemini-3-pro-preview", "low"), {
      thinkingLevel: "low",
      includeThoughts: true,
    });
    for (const model of ["gemini-2.5-pro", "gemini-3-pro"])
      assertRefused({ model, parameters: { reasoning_effort: "utmost" } }, /reasoning_effort "utmost"/);
    assertRefused({ model: "gemini-3-pro", parameters: { reasoning_effort: "none" } }, /minimal, low/);
    assertRefused(
      { model: "gemini-2.5-pro", parameters: { reasoning_effort: "none" } },
      /always thinks.*minimal/,
    );
  });

  it("sends the effort xhigh to Gemini models from version 4 on, and refuses it for earlier ones", () => {
    assert.deepEqual(buildThinking("gemini-4-hydrogen", "xhigh"), {
      thinkingLevel: "xhigh",
      includeThoughts: true,
    });
    assertRefused({ model: "gemini-3-pro", parameters: { reasoning_effort: "xhigh" } }, /Use .*, high\./);
    assertRefused({ model: "gemini-4-flash", parameters: { reasoning_effort: "max" } }, /high, xhigh/);
  });

  it("sends Gemini a service tier that it has under its own name", () => {
    assert.equal(buildBody({ parameters: { service_tier: "flex" } })["serviceTier"], "flex");
    assert.equal(buildBody({ parameters: { service_tier: "priority" } })["serviceTier"], "priority");
    assert.ok(!("serviceTier" in buildBody({ parameters: { service_tier: "auto" } })));
    assertRefused({ parameters: { service_tier: "scale" } }, /service_tier/);
  });

  it("sends a thinking budget to Gemini models without a version in their name", () => {
    for (const model of ["gemini-flash-latest", "gemini-pro-latest", "gemini-robotics-er-1.5-preview"]) {
      assert.deepEqual(buildThinking(model, "low"), { thinkingBudget: 1024, includeThoughts: true }, model);
    }
    assert.deepEqual(buildThinking("gemini-3.1-flash-lite", "low"), {
      thinkingLevel: "low",
      includeThoughts: true,
    });
  });

  it("puts functions into one Gemini tool, beside Gemini's own tools", () => {
    const { tools, toolConfig } = buildBody({
      tools: [WEATHER, { type: "function", function: { name: "now" } }, { googleSearch: {} }],
      parameters: { tool_choice: { type: "function", function: { name: "now" } } },
    });
    assert.deepEqual(tools, [
      {
        functionDeclarations: [
          { name: "get_weather", description: "Tells it", parametersJsonSchema: { type: "object" } },
          { name: "now" },
        ],
      },
      { googleSearch: {} },
    ]);
    assert.deepEqual(toolConfig, { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["now"] } });
    for (const [choice, mode] of Object.entries({ auto: "AUTO", none: "NONE", required: "ANY" })) {
      const body = buildBody({ tools: [WEATHER], parameters: { tool_choice: choice } });
      assert.deepEqual(body["toolConfig"], { functionCallingConfig: { mode } });
    }
    assert.equal(buildBody({ parameters: { tool_choice: "auto" } })["toolConfig"], undefined);
    assertRefused({ tools: [{ type: "web_search" }] }, /tool 0/);
    assertRefused({ tools: [7] }, /Tool 0 is not an object/);
    assertRefused({ tools: [WEATHER], parameters: { tool_choice: "some" } }, /tool_choice "some"/);
  });

  it("asks Gemini models after 2.5 for functions and Gemini's own tools together", () => {
    const tools = [WEATHER, { googleSearch: {} }];
    const build = (model: string, parameters: object = {}, list: unknown[] = tools) =>
      buildBody({ model, tools: list, parameters: { ...parameters } })["toolConfig"];
    const both = { includeServerSideToolInvocations: true };
    assert.deepEqual(build("gemini-3-pro"), { functionCallingConfig: { mode: "VALIDATED" }, ...both });
    assert.deepEqual(build("gemini-3-pro", { tool_choice: "required" }), {
      functionCallingConfig: { mode: "ANY" },
      ...both,
    });
    assert.equal(build("gemini-3-pro", {}, [WEATHER]), undefined);
    assert.equal(build("gemini-3-pro", {}, [{ googleSearch: {} }]), undefined);
    assert.equal(build("gemini-2.5-pro"), undefined);
  });

  it("fails with invalid_request for anything that Gemini would drop", () => {
    const withPart = (part: object, role = "user") => ({ messages: [HI, { role, content: [part] }] });
    assertRefused(withPart({ type: "file", file: { file_id: "file-1" } }), /file by its id \(Message 1\)/);
    assertRefused(withPart({ type: "hologram" }), /hologram \(Message 1\)/);
    assertRefused(
      withPart({ type: "image_url", image_url: { url: "https://a" } }, "system"),
      /an image .*role system/,
    );
    assertRefused(withPart({ type: "image_url", image_url: { url: "https://a" } }, "tool"), /Message 1/);
    assertRefused({ messages: [{ role: "narrator", content: "x" }] }, /the role "narrator"/);
    assertRefused({ messages: [{ role: "system", content: "x" }] }, /prompt is empty/);
    assertRefused({ parameters: { logit_bias: { 5: 1 } } }, /the parameter logit_bias/);
    assertRefused({ tools: [WEATHER], parameters: { parallel_tool_calls: false } }, /parallel_tool_calls/);
    assertRefused({ parameters: { web_search_options: {} } }, /googleSearch/);
    assertRefused({ parameters: { generationConfig: "x" } }, /generationConfig/);
    assert.doesNotThrow(() => buildBody({ parameters: { logit_bias: {}, parallel_tool_calls: true } }));
  });
});

describe("Model list and errors of Gemini", () => {
  it("reads only the Gemini models that generate content", () => {
    const { url, headers, method } = gemini.buildModelsRequest(ENDPOINT);
    assert.deepEqual([method, url.pathname, url.search], ["GET", "/v1beta/models", "?pageSize=1000"]);
    assert.equal(headers["x-goog-api-key"], "key-1");
    const names = gemini.readModelNames(
      {
        models: [
          { name: "models/a", supportedGenerationMethods: ["generateContent", "countTokens"] },
          { name: "models/b", supportedGenerationMethods: ["embedContent"] },
          { name: "models/c" },
        ],
      },
      ENDPOINT,
    );
    assert.deepEqual(names, ["a", "c"]);
    for (const body of [{}, "x", { models: 7 }])
      assert.throws(
        () => gemini.readModelNames(body, ENDPOINT),
        (thrown) => thrown instanceof Failure && thrown.code === "bad_response",
      );
  });

  it("classifies Google errors, alone or in an array, and reads the wait", () => {
    const wait = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "45.837906927s" }];
    const rows = [
      [
        400,
        createError(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        "authentication",
      ],
      [
        400,
        createError(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."),
        "authentication",
      ],
      [400, createError(400, "INVALID_ARGUMENT", 'Unknown name "x".'), "invalid_request"],
      [
        400,
        createError(
          400,
          "INVALID_ARGUMENT",
          "The input token count (2) exceeds the maximum number of tokens allowed (1).",
        ),
        "context_length",
      ],
      [403, createError(403, "PERMISSION_DENIED", "Not enabled."), "permission"],
      [404, createError(404, "NOT_FOUND", "models/x is not found for API version v1beta"), "not_found"],
      [
        429,
        [
          createError(
            429,
            "RESOURCE_EXHAUSTED",
            "You exceeded your current quota, please check your plan.",
            wait,
          ),
        ],
        "rate_limit",
      ],
      [500, createError(500, "INTERNAL", "An internal error has occurred."), "server_error"],
      [503, [createError(503, "UNAVAILABLE", "The model is overloaded.")], "overloaded"],
    ] as const;
    for (const [status, body, code] of rows) {
      const failure = gemini.readError(status, {}, JSON.stringify(body), 0);
      assert.equal(failure.code, code, failure.message);
      assert.equal(failure.retryAfterMs, status === 429 ? 45_838 : undefined);
      assert.equal(failure.retryable, status === 429 || status >= 500);
    }
  });
});
