import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { Failure } from "../../../src/core/failure.js";
import { checkEndpoint } from "../../../src/providers/check-endpoint.js";
import { getProvider } from "../../../src/providers/index.js";

const ollama = getProvider("ollama");
const HI: ChatMessage = { role: "user", content: "Hi" };
const REQUEST: ChatRequest = { model: "llama3.2", messages: [HI] };
const PLAIN = { model: "llama3.2", messages: [HI], stream: true };

const wire = (request: Partial<ChatRequest> = {}, settings: object = {}, baseUrl = ollama.baseUrl!) =>
  ollama.chat({ ...REQUEST, ...request }, checkEndpoint(ollama, { baseUrl, settings: { ...settings } }), {});
const bodyOf = (request: Partial<ChatRequest> = {}, settings: object = {}) =>
  JSON.parse(wire(request, settings).body!) as Record<string, unknown>;
const messagesOf = (...messages: ChatMessage[]) => bodyOf({ messages })["messages"];
const refuses = (request: Partial<ChatRequest>, says: RegExp) =>
  assert.throws(
    () => bodyOf(request),
    (thrown) => thrown instanceof Failure && thrown.code === "invalid_request" && says.test(thrown.message),
    String(says),
  );

describe("A request to Ollama", () => {
  it("goes to its own API, without a key, and wants lines", () => {
    const { url, headers, body, method } = wire();
    assert.equal(method, "POST");
    assert.equal(url.href, "http://127.0.0.1:11434/api/chat");
    assert.equal(headers["accept"], "application/x-ndjson");
    assert.equal(headers["authorization"], undefined);
    assert.deepEqual(JSON.parse(body!), PLAIN);
    const behindProxy = ollama.chat(REQUEST, { baseUrl: "https://host/ollama/", apiKey: "key-1" }, {});
    assert.equal(behindProxy.url.href, "https://host/ollama/api/chat");
    assert.equal(behindProxy.headers["authorization"], "Bearer key-1");
  });

  it("goes to the same place from the address of another part of the service", () => {
    for (const end of ["", "/", "/api", "/api/", "/v1", "/v1/"]) {
      assert.equal(wire({}, {}, `http://127.0.0.1:1${end}`).url.href, "http://127.0.0.1:1/api/chat", end);
    }
    assert.throws(
      () => wire({}, {}, "http://127.0.0.1:1/api/chat"),
      (thrown) => thrown instanceof Failure && thrown.code === "configuration",
    );
  });

  it("puts parameters among the options of the model, where those that the author writes there win", () => {
    assert.deepEqual(
      bodyOf({
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

  it("knows options of the server's, and one of them by another name", () => {
    const parameters = { num_gpu: 1, num_thread: 2, num_batch: 3, repetition_penalty: 1.2 };
    const { repetition_penalty: repeat_penalty, ...options } = parameters;
    assert.deepEqual(bodyOf({ parameters }), { ...PLAIN, options: { ...options, repeat_penalty } });
  });

  it("refuses what the server would pass over without a word", () => {
    refuses({ parameters: { bogus: 1 } }, /Ollama cannot take the parameter bogus\. Leave it out/);
    refuses({ parameters: { reasoning: { effort: "high" } } }, /reasoning\. Use reasoning_effort/);
    refuses({ parameters: { constructor: 1 } }, /constructor\. Leave it out/);
    const own = { truncate: false, shift: false, format: "json", think: true };
    assert.deepEqual(bodyOf({ parameters: own }), { ...PLAIN, ...own });
  });

  it("keeps the model as long as the provider says, and gives it the context that it says", () => {
    assert.deepEqual(bodyOf({}, { keepAlive: " 5m ", contextLength: "8192" }), {
      ...PLAIN,
      keep_alive: "5m",
      options: { num_ctx: 8192 },
    });
    assert.equal(bodyOf({}, { keepAlive: "-1" })["keep_alive"], -1);
    const own = bodyOf({ parameters: { keep_alive: 0, num_ctx: 1 } }, { keepAlive: "5m", contextLength: 2 });
    assert.deepEqual([own["keep_alive"], own["options"]], [0, { num_ctx: 1 }]);
  });

  it("asks for JSON, by a schema or without one", () => {
    const schema = { type: "object" };
    const format = (response_format: unknown) => bodyOf({ parameters: { response_format } })["format"];
    assert.equal(format({ type: "json_object" }), "json");
    assert.deepEqual(format({ type: "json_schema", json_schema: { schema } }), schema);
    assert.equal(format({ type: "text" }), undefined);
  });

  it("asks for thought, by degree where the model knows degrees", () => {
    const think = (model: string, reasoning_effort: string) =>
      bodyOf({ model, parameters: { reasoning_effort } })["think"];
    assert.equal(think("qwen3", "high"), true);
    assert.equal(think("qwen3", "none"), false);
    assert.equal(think("gpt-oss:20b", "high"), "high");
    assert.equal(think("gpt-oss:20b", "minimal"), "low");
    assert.equal(think("gpt-oss:20b", "xhigh"), "high");
    assert.equal(think("gpt-oss:20b", "max"), "high");
    assert.equal(bodyOf({ parameters: { think: "medium" } })["think"], "medium");
    refuses({ parameters: { reasoning_effort: 5 } }, /reasoning_effort 5/);
  });

  it("has one text a message, images as bare bytes, arguments as objects, results under their tool's name", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    assert.deepEqual(bodyOf({ tools })["tools"], tools);
    assert.deepEqual(bodyOf({ tools, parameters: { tool_choice: "none" } }), PLAIN);
    assert.deepEqual(
      messagesOf(
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

  it("is refused, before anything is sent, where something would be lost", () => {
    const content = (part: object) => ({ messages: [{ role: "user", content: [part] }] });
    refuses(
      content({ type: "image_url", image_url: { url: "https://a/b.png" } }),
      /image by its address \(Message 0\)/,
    );
    refuses(
      content({ type: "input_audio", input_audio: { data: "YQ==", format: "wav" } }),
      /audio \(Message 0\)/,
    );
    refuses(content({ type: "file", file: { file_id: "1" } }), /file \(Message 0\)/);
    refuses({ messages: [{ role: "narrator", content: "x" }] }, /the role "narrator"/);
    refuses({ messages: [{ role: "tool", tool_call_id: "x", content: "1" }] }, /"x"/);
    refuses({ tools: [{ googleSearch: {} }] }, /tool 0/);
    refuses({ parameters: { options: [] } }, /options/);
    for (const [name, value] of Object.entries({
      n: 2,
      tool_choice: "required",
      logit_bias: { 5: 1 },
      modalities: ["audio"],
      parallel_tool_calls: false,
    })) {
      refuses({ parameters: { [name]: value } }, new RegExp(`the parameter ${name}`));
    }
  });
});

describe("What Ollama answers beside answers", () => {
  it("is a list of the models that it has", () => {
    const { url } = ollama.models({ baseUrl: "http://127.0.0.1:1/v1/" });
    assert.equal(url.href, "http://127.0.0.1:1/api/tags");
    const models = [{ name: "a:latest", model: "a:latest" }, { name: "b:7b" }];
    assert.deepEqual(ollama.modelNames({ models }, { baseUrl: ollama.baseUrl! }), ["a:latest", "b:7b"]);
  });

  it("is an error as a text", () => {
    const failure = ollama.failure(404, {}, '{"error":"model \\"x\\" not found, try pulling it first"}', 0);
    assert.deepEqual([failure.code, failure.retryable], ["not_found", false]);
    assert.match(failure.message, /pulling/);
    assert.equal(ollama.failure(400, {}, '{"error":"x does not support tools"}', 0).code, "invalid_request");
    assert.equal(ollama.failure(500, {}, '{"error":"error parsing tool call"}', 0).retryable, true);
    assert.equal(ollama.failure(503, {}, '{"error":"server busy"}', 0).code, "overloaded");
  });
});
