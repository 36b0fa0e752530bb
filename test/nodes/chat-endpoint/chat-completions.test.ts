import assert from "node:assert/strict";
import { ChatOpenAI } from "@langchain/openai";
import OpenAI from "openai";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const ASKED: OpenAI.ChatCompletionCreateParamsNonStreaming = {
  model: "house",
  messages: [{ role: "user", content: "Hi" }],
};
const WEATHER: OpenAI.ChatCompletionTool = {
  type: "function",
  function: { name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

describe("A flow as a model of Chat Completions", () => {
  const runtime = useRuntime();
  const service = useService();
  const createClient = () => new OpenAI({ apiKey: KEY, baseURL: `${runtime().url}/ai/v1`, maxRetries: 0 });
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    deployServed(runtime(), createServedFlow(service().url, more));

  it("answers the openai SDK as a whole, with the model that is set in the chat-stream", async () => {
    await deploy();
    service().script = (reply) => reply.send("Hello", " world").finish("stop", USAGE);
    const answer = await createClient().chat.completions.create({ ...ASKED, temperature: 0.5 });
    assert.equal(answer.choices[0]?.message.content, "Hello world");
    assert.equal(answer.choices[0]?.finish_reason, "stop");
    assert.deepEqual(answer.usage, USAGE);
    assert.equal(answer.model, "house");
    const { body } = service().requests[0]!;
    assert.deepEqual(
      [body["messages"], body["model"], body["temperature"]],
      [ASKED.messages, "model-1", 0.5],
    );
    const [done] = await runtime().waitUntil("completed", (messages) => messages.length > 0);
    assert.equal((done!["complete"] as { source: { id: string } }).source.id, "out");
  });

  it("streams to the openai SDK, each piece as soon as it is there", async () => {
    await deploy();
    let goOn = () => {};
    const isRead = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    service().script = async (reply) => {
      reply.send(createChunk({ reasoning_content: "Hm." }), "Hello");
      await isRead;
      reply.send(" world").finish("length", USAGE);
    };
    const stream = await createClient().chat.completions.create({
      ...ASKED,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      if (chunk.choices[0]?.delta.content === "Hello") goOn();
    }
    const deltas = chunks.map(({ choices }) => choices[0]?.delta ?? {});
    assert.deepEqual(deltas, [
      { role: "assistant", content: "" },
      { reasoning_content: "Hm." },
      { content: "Hello" },
      { content: " world" },
      {},
      {},
    ]);
    assert.equal(chunks.at(-2)?.choices[0]?.finish_reason, "length");
    assert.deepEqual(chunks.at(-1)?.usage, USAGE);
  });

  it("streams to the AI SDK and to LangChain", async () => {
    await deploy();
    service().script = (reply) => reply.send("Hello", " world").finish("stop", USAGE);
    const { streamText } = await import("ai");
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    const provider = createOpenAICompatible({
      name: "house",
      baseURL: `${runtime().url}/ai/v1`,
      apiKey: KEY,
      includeUsage: true,
    });
    const result = streamText({ model: provider("house"), prompt: "Hi", maxRetries: 0 });
    assert.equal(await result.text, "Hello world");
    assert.equal(await result.finishReason, "stop");
    assert.equal((await result.usage).totalTokens, 8);
    const model = new ChatOpenAI({
      model: "house",
      apiKey: KEY,
      maxRetries: 0,
      configuration: { baseURL: `${runtime().url}/ai/v1` },
    });
    let text = "";
    for await (const chunk of await model.stream("Hi")) text += chunk.text;
    assert.equal(text, "Hello world");
  });

  it("lists its models, and tells of each, one with a slash in its name too", async () => {
    await deploy({ in: { models: [{ name: "house" }, { name: "org/cheap", model: "mini" }] } });
    const client = createClient();
    const names: string[] = [];
    for await (const { id } of client.models.list()) names.push(id);
    assert.deepEqual(names, ["house", "org/cheap"]);
    assert.equal((await client.models.retrieve("org/cheap")).object, "model");
    await assert.rejects(client.models.retrieve("other"), { status: 404, code: "model_not_found" });
  });

  it("asks the model that stands beside the name, and the first flow if the client names none", async () => {
    await deploy({ in: { models: [{ name: "house" }, { name: "cheap", model: "mini" }] } });
    const client = createClient();
    assert.equal((await client.chat.completions.create({ ...ASKED, model: "cheap" })).model, "cheap");
    assert.equal((await client.chat.completions.create({ ...ASKED, model: "" })).model, "house");
    assert.deepEqual(
      service().requests.map(({ body }) => body["model"]),
      ["mini", "model-1"],
    );
  });

  it("gives the client the calls of its own tools, and takes their results with the next request", async () => {
    await deploy();
    const call = {
      index: 0,
      id: "call_1",
      type: "function",
      function: { name: "get_weather", arguments: "" },
    };
    service().queue.push((reply) =>
      reply
        .send(createChunk({ tool_calls: [call] }))
        .send(createChunk({ tool_calls: [{ index: 0, function: { arguments: '{"city":' } }] }))
        .send(createChunk({ tool_calls: [{ index: 0, function: { arguments: '"Bonn"}' } }] }))
        .finish("tool_calls"),
    );
    service().queue.push((reply) => reply.say("Sunny."));
    const runner = createClient().chat.completions.runTools({
      model: "house",
      stream: true,
      messages: [{ role: "user", content: "Weather in Bonn?" }],
      tools: [
        {
          type: "function",
          function: {
            ...WEATHER.function,
            parse: JSON.parse,
            function: ({ city }: { city: string }) => `${city}: sunny`,
          },
        },
      ] as never,
    });
    assert.equal(await runner.finalContent(), "Sunny.");
    const [first, second] = service().requests;
    assert.deepEqual(first!.body["tools"], [{ type: "function", function: WEATHER.function }]);
    const [, answer, result] = second!.body["messages"] as OpenAI.ChatCompletionMessageParam[];
    assert.deepEqual((answer as OpenAI.ChatCompletionAssistantMessageParam).tool_calls, [
      { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Bonn"}' } },
    ]);
    assert.deepEqual(result, { role: "tool", tool_call_id: "call_1", content: "Bonn: sunny" });
  });

  it("passes pictures and the wanted form of the answer on to the model", async () => {
    await deploy();
    const content = [
      { type: "text" as const, text: "What is this?" },
      { type: "image_url" as const, image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
    ];
    const format = {
      type: "json_schema" as const,
      json_schema: { name: "answer", schema: { type: "object", properties: {} }, strict: true },
    };
    await createClient().chat.completions.create({
      ...ASKED,
      messages: [{ role: "user", content }],
      response_format: format,
    });
    const { body } = service().requests[0]!;
    assert.deepEqual(body["messages"], [{ role: "user", content }]);
    assert.deepEqual(body["response_format"], format);
  });

  it("tells the flow who asks, and keeps the conversations of clients apart", async () => {
    await deploy({ nodes: [createFlowNode("helper", "seen", [])], in: { wires: [["ask", "seen"]] } });
    const ask = (key: string, body: Record<string, unknown>) =>
      new OpenAI({ apiKey: key, baseURL: `${runtime().url}/ai/v1` }).chat.completions.create({
        ...ASKED,
        ...body,
      } as typeof ASKED);
    await ask(KEY, { chat_id: "c-1", user: "ada" });
    await ask("sk-bob", { chat_id: "c-1" });
    await ask("sk-bob", {});
    const [first, second, third] = await runtime().waitUntil("seen", (messages) => messages.length === 3);
    const { name, ...client } = first!["client"] as { name: string };
    assert.deepEqual(client, { model: "house", conversation: "c-1", user: "ada" });
    assert.match(name, /^[0-9a-f]{8}$/);
    assert.equal(first!.topic, `${name}/c-1`);
    assert.equal((second!["client"] as { name: string }).name, "Bob");
    assert.equal(second!.topic, "Bob/c-1");
    assert.equal(third!.topic, (third!["replyTo"] as { id: string }).id);
    assert.equal(first!.payload, "Hi");
    assert.equal((first!["request"] as { chat_id: string }).chat_id, "c-1");
    assert.ok(!JSON.stringify([first, second, third]).includes("sk-"));
  });
});
