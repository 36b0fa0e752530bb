import assert from "node:assert/strict";
import OpenAI from "openai";
import { CREDENTIALS, createServedFlow, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const MESSAGES = [{ role: "user", content: "Hi" }] as const;

describe("A flow as a model of the openai SDK", () => {
  const runtime = useRuntime();
  const service = useService();
  const createClient = (apiKey = KEY) =>
    new OpenAI({ apiKey, baseURL: `${runtime().url}/ai/v1`, maxRetries: 0 });
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    runtime().deploy(createServedFlow(service().url, more), "full", CREDENTIALS);

  it("answers as a whole", async () => {
    await deploy();
    service().script = (reply) => reply.send("Hello", " world").finish("stop", USAGE);
    const answer = await createClient().chat.completions.create({ model: "house", messages: [...MESSAGES] });
    assert.equal(answer.choices[0]?.message.content, "Hello world");
    assert.equal(answer.choices[0]?.finish_reason, "stop");
    assert.deepEqual(answer.usage, USAGE);
    assert.equal(answer.model, "house");
    assert.deepEqual(service().requests[0]?.body["messages"], MESSAGES);
    assert.equal(service().requests[0]?.body["model"], "model-1");
  });

  it("streams", async () => {
    await deploy();
    service().script = (reply) => reply.send("Hello", " world").finish("stop", USAGE);
    const stream = createClient().chat.completions.stream({
      model: "house",
      messages: [...MESSAGES],
      stream_options: { include_usage: true },
    });
    const answer = await stream.finalChatCompletion();
    assert.equal(answer.choices[0]?.message.content, "Hello world");
    assert.deepEqual(answer.usage, USAGE);
  });
  it("passes reasoning", async () => {
    await deploy();
    service().script = (reply) =>
      reply.send(createChunk({ reasoning_content: "hm" }), "Hello", " world").finish("stop", USAGE);
    const stream = await createClient().chat.completions.create({
      model: "house",
      messages: [...MESSAGES],
      stream: true,
    });
    for await (const c of stream) console.log(JSON.stringify(c));
  });
});
