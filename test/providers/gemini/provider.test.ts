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
  gemini.chat({ ...REQUEST, ...request }, { ...ENDPOINT, baseUrl }, {});
const buildBody = (request: Partial<ChatRequest> = {}) =>
  JSON.parse(buildRequest(request).body!) as Record<string, unknown>;
const buildConfig = (parameters: Record<string, unknown>, model = REQUEST.model) =>
  buildBody({ parameters, model })["generationConfig"];
const buildContents = (...messages: ChatMessage[]) => buildBody({ messages })["contents"];
const buildParts = (...content: unknown[]) =>
  (buildContents({ role: "user", content }) as { parts: unknown[] }[])[0]!.parts;
const assertRefused = (request: Partial<ChatRequest>, pattern: RegExp) =>
  assertFailure(() => buildBody(request), "invalid_request", pattern);

const WEATHER = {
  type: "function",
  function: { name: "get_weather", description: "Tells it", parameters: { type: "object" }, strict: true },
};
const createCall = (id: string, args: string, more: object = {}) => ({
  id,
  type: "function",
  function: { name: "get_weather", arguments: args },
  ...more,
});

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

  it("moves system messages into Gemini's systemInstruction", () => {
    const { systemInstruction, contents } = buildBody({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "developer", content: [{ type: "text", text: "Be kind." }] },
        HI,
        { role: "assistant", content: "Hello." },
        HI,
      ],
    });
    assert.deepEqual(systemInstruction, { parts: [{ text: "Be brief." }, { text: "Be kind." }] });
    assert.deepEqual(contents, [
      { role: "user", parts: [{ text: "Hi" }] },
      { role: "model", parts: [{ text: "Hello." }] },
      { role: "user", parts: [{ text: "Hi" }] },
    ]);
  });

  it("sends Gemini past calls with their signatures, and their results together under the tools' names", () => {
    const contents = buildContents(
      HI,
      {
        role: "assistant",
        content: null,
        reasoning_content: "not sent",
        tool_calls: [
          createCall("a", '{"city":"Bonn"}', { extra_content: { google: { thought_signature: "c2ln" } } }),
          createCall("b", "broken {"),
          createCall("", ""),
        ],
      },
      { role: "tool", tool_call_id: "b", content: '{"error":"no JSON"}' },
      { role: "tool", tool_call_id: "a", content: "sunny" },
      { role: "user", content: "And?" },
      {
        role: "assistant",
        content: "Sun.",
        reasoning_details: [
          { type: "reasoning.encrypted", data: "other", format: "anthropic-claude-v1" },
          { type: "reasoning.encrypted", data: "dGV4dA==", format: "google-gemini-v1" },
        ],
      },
      { role: "tool", name: "own", tool_call_id: "lost", content: "[1]" },
    );
    assert.deepEqual(contents, [
      { role: "user", parts: [{ text: "Hi" }] },
      {
        role: "model",
        parts: [
          {
            functionCall: { id: "a", name: "get_weather", args: { city: "Bonn" } },
            thoughtSignature: "c2ln",
          },
          { functionCall: { id: "b", name: "get_weather", args: { INVALID_JSON: "broken {" } } },
          { functionCall: { name: "get_weather", args: {} } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { id: "b", name: "get_weather", response: { error: "no JSON" } } },
          { functionResponse: { id: "a", name: "get_weather", response: { result: "sunny" } } },
        ],
      },
      { role: "user", parts: [{ text: "And?" }] },
      { role: "model", parts: [{ text: "Sun.", thoughtSignature: "dGV4dA==" }] },
      { role: "user", parts: [{ functionResponse: { id: "lost", name: "own", response: { result: [1] } } }] },
    ]);
    assertRefused({ messages: [HI, { role: "tool", tool_call_id: "x", content: "1" }] }, /Message 1 .*"x"/);
  });

  it("signs another service's calls with a placeholder for Gemini models after 2.5", () => {
    const call = {
      role: "assistant",
      content: null,
      tool_calls: [createCall("a", "{}"), createCall("b", "{}")],
    };
    const signatures = (model: string) => {
      const { contents } = buildBody({ model, messages: [HI, call] });
      const [, answer] = contents as { parts: Record<string, unknown>[] }[];
      return answer!.parts.map((part) => part["thoughtSignature"]);
    };
    assert.deepEqual(signatures("gemini-3-pro"), ["skip_thought_signature_validator", undefined]);
    assert.deepEqual(signatures("gemini-2.5-pro"), [undefined, undefined]);
    assert.deepEqual(signatures("gemini-robotics-er-1.5-preview"), [undefined, undefined]);
  });

  it("sends Gemini a generated image back with its signature", () => {
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,aW1n" } };
    const drawn = { ...image, extra_content: { google: { thought_signature: "c2ln" } } };
    assert.deepEqual(buildContents(HI, { role: "assistant", content: "", images: [drawn] }), [
      { role: "user", parts: [{ text: "Hi" }] },
      {
        role: "model",
        parts: [{ inlineData: { mimeType: "image/png", data: "aW1n" }, thoughtSignature: "c2ln" }],
      },
    ]);
  });

  it("sends Gemini the code that it ran back before its text", () => {
    const ran = { executableCode: { language: "PYTHON", code: "1+1" }, thoughtSignature: "cnVu" };
    const came = { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } };
    const answer = { role: "assistant", content: "It is 2.", gemini_parts: { 0: ran, 1: came } };
    assert.deepEqual((buildContents(HI, answer) as unknown[]).at(-1), {
      role: "model",
      parts: [ran, came, { text: "It is 2." }],
    });
  });

  it("sends Gemini images, files, audio and video as bytes or by URL", () => {
    assert.deepEqual(
      buildParts(
        "What is this?",
        { type: "image_url", image_url: { url: "data:image/png;base64,aW1n" } },
        { type: "image_url", image_url: { url: "https://host/a.JPG?x=1" } },
        { type: "input_audio", input_audio: { data: "YQ==", format: "wav" } },
        { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,cGRm" } },
        { type: "file", file: { file_id: "https://host/v1beta/files/1" } },
        { type: "video_url", video_url: { url: "https://www.youtube.com/watch?v=1" } },
        { fileData: { fileUri: "gs://bucket/a.mp4", mimeType: "video/mp4" } },
      ),
      [
        { text: "What is this?" },
        { inlineData: { mimeType: "image/png", data: "aW1n" } },
        { fileData: { mimeType: "image/jpeg", fileUri: "https://host/a.JPG?x=1" } },
        { inlineData: { mimeType: "audio/wav", data: "YQ==" } },
        { inlineData: { mimeType: "application/pdf", data: "cGRm" } },
        { fileData: { fileUri: "https://host/v1beta/files/1" } },
        { fileData: { fileUri: "https://www.youtube.com/watch?v=1" } },
        { fileData: { fileUri: "gs://bucket/a.mp4", mimeType: "video/mp4" } },
      ],
    );
  });

  it("fails with invalid_request for anything that Gemini would drop", () => {
    const content = (part: object, role = "user") => ({ messages: [HI, { role, content: [part] }] });
    assertRefused(content({ type: "file", file: { file_id: "file-1" } }), /file by its id \(Message 1\)/);
    assertRefused(content({ type: "hologram" }), /hologram \(Message 1\)/);
    assertRefused(
      content({ type: "image_url", image_url: { url: "https://a" } }, "system"),
      /an image .*role system/,
    );
    assertRefused(content({ type: "image_url", image_url: { url: "https://a" } }, "tool"), /Message 1/);
    assertRefused({ messages: [{ role: "narrator", content: "x" }] }, /the role "narrator"/);
    assertRefused({ messages: [{ role: "system", content: "x" }] }, /nothing to ask/);
    assertRefused({ parameters: { logit_bias: { 5: 1 } } }, /the parameter logit_bias/);
    assertRefused({ parameters: { parallel_tool_calls: false } }, /parallel_tool_calls/);
    assertRefused({ parameters: { web_search_options: {} } }, /googleSearch/);
    assertRefused({ parameters: { generationConfig: "x" } }, /generationConfig/);
    assert.doesNotThrow(() => buildBody({ parameters: { logit_bias: {}, parallel_tool_calls: true } }));
  });
});

describe("Model list and errors of Gemini", () => {
  it("reads only the Gemini models that generate content", () => {
    const { url, headers, method } = gemini.models(ENDPOINT);
    assert.deepEqual([method, url.pathname, url.search], ["GET", "/v1beta/models", "?pageSize=1000"]);
    assert.equal(headers["x-goog-api-key"], "key-1");
    const names = gemini.modelNames(
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
        () => gemini.modelNames(body, ENDPOINT),
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
      const failure = gemini.failure(status, {}, JSON.stringify(body), 0);
      assert.equal(failure.code, code, failure.message);
      assert.equal(failure.retryAfterMs, status === 429 ? 45_838 : undefined);
      assert.equal(failure.retryable, status === 429 || status >= 500);
    }
  });
});
