import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { checkEndpoint } from "../../../src/providers/check-endpoint.js";
import { getProvider } from "../../../src/providers/index.js";
import { assertFailure } from "../../support/assert-failure.js";

const ollama = getProvider("ollama");
const HI: ChatMessage = { role: "user", content: "Hi" };
const REQUEST: ChatRequest = { model: "llama3.2", messages: [HI] };
const PLAIN = { model: "llama3.2", messages: [HI], stream: true };

const buildRequest = (request: Partial<ChatRequest> = {}, settings: object = {}, baseUrl = ollama.baseUrl!) =>
  ollama.buildChatRequest(
    { ...REQUEST, ...request },
    checkEndpoint(ollama, { baseUrl, settings: { ...settings } }),
    {},
  );
const buildBody = (request: Partial<ChatRequest> = {}, settings: object = {}) =>
  JSON.parse(buildRequest(request, settings).body!) as Record<string, unknown>;
const buildMessages = (...messages: ChatMessage[]) => buildBody({ messages })["messages"];
const assertRefused = (request: Partial<ChatRequest>, pattern: RegExp) =>
  assertFailure(() => buildBody(request), "invalid_request", pattern);

const TOOL = { type: "function", function: { name: "now", parameters: { type: "object" } } };

describe("Chat request to Ollama", () => {
  it("goes to Ollama's own API without a key and asks for JSON lines", () => {
    const { url, headers, body, method } = buildRequest();
    assert.equal(method, "POST");
    assert.equal(url.href, "http://127.0.0.1:11434/api/chat");
    assert.equal(headers["accept"], "application/x-ndjson");
    assert.equal(headers["authorization"], undefined);
    assert.deepEqual(JSON.parse(body!), PLAIN);
    const behindProxy = ollama.buildChatRequest(
      REQUEST,
      { baseUrl: "https://host/ollama/", apiKey: "key-1" },
      {},
    );
    assert.equal(behindProxy.url.href, "https://host/ollama/api/chat");
    assert.equal(behindProxy.headers["authorization"], "Bearer key-1");
  });

  it("goes to the same URL from a base URL that ends in /api, /v1 or an operation", () => {
    for (const end of ["", "/", "/api", "/api/", "/v1", "/v1/", "/api/chat", "/api/tags"]) {
      assert.equal(
        buildRequest({}, {}, `http://127.0.0.1:1${end}`).url.href,
        "http://127.0.0.1:1/api/chat",
        end,
      );
    }
  });

  it("moves parameters into Ollama's options, where the author's own options win", () => {
    assert.deepEqual(
      buildBody({
        parameters: {
          temperature: 0.2,
          top_p: 0.9,
          max_tokens: 100,
          stop: "END",
          seed: 7,
          repeat_penalty: 1.1,
          options: { temperature: 0.3, num_gpu: 1 },
          logprobs: true,
          top_logprobs: 2,
          n: 1,
          user: "ann",
        },
      }),
      {
        ...PLAIN,
        options: {
          temperature: 0.3,
          top_p: 0.9,
          num_predict: 100,
          stop: ["END"],
          seed: 7,
          repeat_penalty: 1.1,
          num_gpu: 1,
        },
        logprobs: true,
        top_logprobs: 2,
      },
    );
  });

  it("moves Ollama's own model options, and repetition_penalty, into options", () => {
    const parameters = { num_gpu: 1, num_thread: 2, num_batch: 3, repetition_penalty: 1.2 };
    const { repetition_penalty: repeat_penalty, ...options } = parameters;
    assert.deepEqual(buildBody({ parameters }), { ...PLAIN, options: { ...options, repeat_penalty } });
  });

  it("fails with invalid_request for parameters that Ollama would silently ignore", () => {
    assertRefused({ parameters: { bogus: 1 } }, /Ollama cannot take the parameter bogus\. Leave it out/);
    assertRefused({ parameters: { reasoning: { effort: "high" } } }, /reasoning\. Use reasoning_effort/);
    assertRefused({ parameters: { constructor: 1 } }, /constructor\. Leave it out/);
    const own = { truncate: false, shift: false, format: "json", think: true };
    assert.deepEqual(buildBody({ parameters: own }), { ...PLAIN, ...own });
  });

  it("sends keep_alive and num_ctx from the settings unless the message sets them", () => {
    assert.deepEqual(buildBody({}, { keepAlive: " 5m ", contextLength: "8192" }), {
      ...PLAIN,
      keep_alive: "5m",
      options: { num_ctx: 8192 },
    });
    assert.equal(buildBody({}, { keepAlive: "-1" })["keep_alive"], -1);
    const own = buildBody(
      { parameters: { keep_alive: 0, num_ctx: 1 } },
      { keepAlive: "5m", contextLength: 2 },
    );
    assert.deepEqual([own["keep_alive"], own["options"]], [0, { num_ctx: 1 }]);
  });

  it("asks Ollama for JSON with or without a schema", () => {
    const schema = { type: "object" };
    const buildFormat = (response_format: unknown) =>
      buildBody({ parameters: { response_format } })["format"];
    assert.equal(buildFormat({ type: "json_object" }), "json");
    assert.deepEqual(buildFormat({ type: "json_schema", json_schema: { schema } }), schema);
    assert.equal(buildFormat({ type: "text" }), undefined);
  });

  it("translates reasoning_effort to a level if the Ollama model has levels, else to true or false", () => {
    const buildThink = (model: string, reasoning_effort: string) =>
      buildBody({ model, parameters: { reasoning_effort } })["think"];
    assert.equal(buildThink("qwen3", "high"), true);
    assert.equal(buildThink("qwen3", "none"), false);
    assert.equal(buildThink("gpt-oss:20b", "high"), "high");
    assert.equal(buildThink("gpt-oss:20b", "minimal"), "low");
    assert.equal(buildThink("gpt-oss:20b", "xhigh"), "high");
    assert.equal(buildThink("gpt-oss:20b", "max"), "high");
    assert.equal(buildBody({ parameters: { think: "medium" } })["think"], "medium");
    assertRefused({ parameters: { reasoning_effort: 5 } }, /reasoning_effort 5/);
  });

  it("sends Ollama one text per message, bare images, arguments as objects and results with tool names", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    assert.deepEqual(buildBody({ tools })["tools"], tools);
    assert.deepEqual(buildBody({ tools, parameters: { tool_choice: "none" } }), PLAIN);
    assert.deepEqual(
      buildMessages(
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What" },
            { type: "image_url", image_url: { url: "data:image/png;base64,aW1n" } },
            { type: "text", text: "is this?" },
          ],
        },
        {
          role: "assistant",
          content: null,
          reasoning_content: "Hm.",
          tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } }],
        },
        { role: "tool", tool_call_id: "a", content: "7" },
        { role: "assistant", content: "Sev" },
      ),
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What\nis this?", images: ["aW1n"] },
        {
          role: "assistant",
          content: "",
          thinking: "Hm.",
          tool_calls: [{ id: "a", function: { name: "f", arguments: { x: 1 } } }],
        },
        { role: "tool", content: "7", tool_name: "f", tool_call_id: "a" },
        { role: "assistant", content: "Sev" },
      ],
    );
  });

  it("fails with invalid_request for anything that Ollama would drop", () => {
    const withPart = (part: object) => ({ messages: [{ role: "user", content: [part] }] });
    assertRefused(
      withPart({ type: "image_url", image_url: { url: "https://a/b.png" } }),
      /image by its address \(Message 0\)/,
    );
    assertRefused(
      withPart({ type: "input_audio", input_audio: { data: "YQ==", format: "wav" } }),
      /audio \(Message 0\)/,
    );
    assertRefused(withPart({ type: "file", file: { file_id: "1" } }), /file \(Message 0\)/);
    assertRefused({ messages: [{ role: "narrator", content: "x" }] }, /the role "narrator"/);
    assertRefused({ messages: [{ role: "tool", tool_call_id: "x", content: "1" }] }, /"x"/);
    assertRefused({ tools: [{ googleSearch: {} }] }, /tool 0/);
    assertRefused({ parameters: { options: [] } }, /options/);
    for (const [name, value] of Object.entries({
      n: 2,
      tool_choice: "required",
      logit_bias: { 5: 1 },
      modalities: ["audio"],
      parallel_tool_calls: false,
    })) {
      assertRefused({ tools: [TOOL], parameters: { [name]: value } }, new RegExp(`the parameter ${name}`));
    }
  });
});

describe("Model list and errors of Ollama", () => {
  it("requests and reads the list of installed Ollama models", () => {
    const { url } = ollama.buildModelsRequest({ baseUrl: "http://127.0.0.1:1/v1/" });
    assert.equal(url.href, "http://127.0.0.1:1/api/tags");
    const models = [{ name: "a:latest", model: "a:latest" }, { name: "b:7b" }];
    assert.deepEqual(ollama.readModelNames({ models }, { baseUrl: ollama.baseUrl! }), ["a:latest", "b:7b"]);
  });

  it("classifies Ollama errors, which are texts", () => {
    const failure = ollama.readError(404, {}, '{"error":"model \\"x\\" not found, try pulling it first"}', 0);
    assert.deepEqual([failure.code, failure.retryable], ["not_found", false]);
    assert.match(failure.message, /pulling/);
    assert.equal(
      ollama.readError(400, {}, '{"error":"x does not support tools"}', 0).code,
      "invalid_request",
    );
    assert.equal(ollama.readError(500, {}, '{"error":"error parsing tool call"}', 0).retryable, true);
    assert.equal(ollama.readError(503, {}, '{"error":"server busy"}', 0).code, "overloaded");
  });
});
