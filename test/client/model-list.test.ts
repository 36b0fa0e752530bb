import assert from "node:assert/strict";
import type { Dispatcher } from "undici";
import { listModels } from "../../src/client/model-list.js";
import { Failure } from "../../src/core/failure.js";
import { getProvider } from "../../src/providers/index.js";
import { createAgent } from "../../src/transport/agent.js";
import { systemClock } from "../../src/transport/system-clock.js";
import { createError } from "../support/services/gemini-records.js";
import { formatGeminiUrl, GEMINI_KEY } from "../support/services/gemini-service.js";
import { createOllamaScript, formatOllamaUrl, OLLAMA_MODELS } from "../support/services/ollama-service.js";
import { useService } from "../support/services/use-service.js";

describe("Model list", () => {
  const service = useService();
  let agent: Dispatcher;
  before(() => {
    agent = createAgent({ connectTimeout: 5_000 });
  });
  after(() => agent.destroy());

  async function list(provider: string, baseUrl: string, apiKey = GEMINI_KEY): Promise<readonly string[]> {
    return (await listModels(getProvider(provider), { baseUrl, apiKey }, agent, systemClock)).names;
  }

  it("is read from a bare array", async () => {
    for (const type of ["application/json", "text/plain"]) {
      service().script = (reply) => reply.sendText(200, type, '[{"id":"a"},\n{"id":"b"}]');
      assert.deepEqual(await list("custom", service().url), ["a", "b"], type);
    }
  });

  it("says when models end, by the service's word or by OpenAI's announcements", async () => {
    const data = [
      { id: "gpt-4o-mini-2024-07-18" },
      { id: "gpt-6-luna", shutdown_date: null },
      { id: "m-1", shutdown_date: "2027-03-01" },
      { id: "m-2", shutdown_date: "2027-03-01T00:00:00Z" },
      { id: "m-3", shutdown_date: "soon" },
    ];
    service().script = (reply) => reply.sendJson(200, { data });
    const endpoint = { baseUrl: service().url, apiKey: "k" };
    const { ends } = await listModels(getProvider("openai"), endpoint, agent, systemClock);
    assert.deepEqual(ends, {
      "gpt-4o-mini-2024-07-18": "2027-01-14",
      "m-1": "2027-03-01",
      "m-2": "2027-03-01",
    });
    const others = await listModels(getProvider("custom"), endpoint, agent, systemClock);
    assert.equal(others.ends["gpt-4o-mini-2024-07-18"], undefined);
  });

  it("leaves out models that cannot chat, by their type, capabilities or name", async () => {
    const chat = [
      "gpt-5",
      "o3",
      "gpt-4o-audio-preview",
      "ft:gpt-4o:me::tts",
      "qwen-embed-chat",
      "my/whisperer",
    ];
    const others = [
      "text-embedding-3-large",
      "openai/whisper-1",
      "dall-e-3",
      "gpt-4o-mini-tts",
      "playai-tts",
    ];
    const typed = ["chat", "language", "image", "embedding"].map((type) => ({ id: `a-${type}`, type }));
    const able = [true, false].map((completion_chat) => ({
      id: `m-${completion_chat}`,
      capabilities: { completion_chat },
    }));
    const named = [...chat, ...others].map((id) => ({ id }));
    service().script = (reply) => reply.sendJson(200, { data: [...named, ...typed, ...able, "bare"] });
    assert.deepEqual(await list("custom", service().url), [
      ...chat,
      "a-chat",
      "a-language",
      "m-true",
      "bare",
    ]);
  });

  it("is read up to the length of OpenRouter's", async () => {
    const data = Array.from({ length: 420 }, (_, at) => ({ id: `m-${at}`, description: "x".repeat(2_600) }));
    service().script = (reply) => reply.sendJson(200, { data });
    assert.equal((await list("openrouter", service().url)).length, 420);
  });

  it("is requested from Gemini with the key in a header", async () => {
    service().script = (reply) =>
      reply.sendJson(200, { models: [{ name: "models/gemini-1" }], nextPageToken: "" });
    assert.deepEqual(await list("gemini", formatGeminiUrl(service())), ["gemini-1"]);
    const [request] = service().requests;
    assert.equal(request!.path, "/v1beta/models?pageSize=1000");
    assert.equal(request!.headers["x-goog-api-key"], GEMINI_KEY);
  });

  it("fails as authentication for a wrong Gemini key, without the key in the message", async () => {
    service().script = (reply) =>
      reply.sendJson(
        400,
        createError(400, "INVALID_ARGUMENT", "API key not valid: another-key. Please pass a valid API key."),
      );
    await assert.rejects(list("gemini", formatGeminiUrl(service()), "another-key"), (thrown) => {
      assert.ok(thrown instanceof Failure);
      assert.deepEqual([thrown.code, thrown.provider], ["authentication", "gemini"]);
      return !thrown.message.includes("another-key");
    });
  });

  it("is read from Ollama, whatever path the base URL has", async () => {
    service().script = createOllamaScript();
    for (const end of ["", "/api", "/v1"]) {
      assert.deepEqual(await list("ollama", `${formatOllamaUrl(service())}${end}`), OLLAMA_MODELS);
    }
  });
});
