import assert from "node:assert/strict";
import { Ollama } from "ollama";
import OpenAI from "openai";
import { createFlowNode } from "../../support/flows/nodes.js";
import { answerByWeatherTool, createCallChunks, createRouterNode } from "../../support/flows/router.js";
import { createServedFlow, deployServed, KEY } from "../../support/flows/serving.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { RawClient } from "../../support/serving/raw-client.js";

const USAGE = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
const HEADERS = { Authorization: `Bearer ${KEY}` };
const TOOL = { type: "function", function: { name: "get_weather", description: "", parameters: {} } };

describe("A flow as a model of every form", () => {
  const runtime = useRuntime();
  const service = useService();
  const root = () => `${runtime().url}/ai`;
  const deploy = (more: Parameters<typeof createServedFlow>[1] = {}) =>
    deployServed(runtime(), createServedFlow(service().url, more));
  const createOllama = () => new Ollama({ host: root(), headers: HEADERS });
  const createOpenAi = () => new OpenAI({ apiKey: KEY, baseURL: `${root()}/v1`, maxRetries: 0 });
  const post = (path: string, body: unknown) =>
    fetch(`${root()}${path}`, { method: "POST", headers: HEADERS, body: JSON.stringify(body) });

  describe("for Ollama's clients", () => {
    const ASKED = { model: "house", messages: [{ role: "user", content: "Hi" }] };

    it("streams and answers as a whole, and takes the results of the client's tools", async () => {
      await deploy();
      service().script = (reply) =>
        reply.send(createChunk({ reasoning_content: "Hm." }), "Hello", " world").finish("stop", USAGE);
      let text = "";
      for await (const { message } of await createOllama().chat({ ...ASKED, stream: true }))
        text += message.content;
      assert.equal(text, "Hello world");
      const whole = await createOllama().chat({ ...ASKED, model: "house:latest" });
      assert.deepEqual(
        [whole.message.content, whole.message.thinking, whole.eval_count],
        ["Hello world", "Hm.", 5],
      );
      assert.equal((await createOllama().generate({ model: "house", prompt: "Hi" })).response, "Hello world");
      service().queue.push((reply) =>
        reply.send(...createCallChunks("get_weather", { city: "Bonn" })).finish("tool_calls"),
      );
      const called = await createOllama().chat({
        ...ASKED,
        tools: [TOOL as never],
        options: { num_predict: 9 },
      });
      assert.deepEqual(called.message.tool_calls?.[0]?.function.arguments, { city: "Bonn" });
      await createOllama().chat({
        ...ASKED,
        messages: [
          ...ASKED.messages,
          called.message,
          { role: "tool", tool_name: "get_weather", content: "Sunny" },
        ],
      });
      const { body } = service().requests.at(-1)!;
      const [, answer, result] = body["messages"] as Record<string, unknown>[];
      assert.equal((answer!["tool_calls"] as { id: string }[])[0]!.id, result!["tool_call_id"]);
      assert.equal(service().requests.at(-2)!.body["max_tokens"], 9);
    });

    it("tells of its version and its models, and loads one without asking the flow", async () => {
      await deploy({ in: { models: [{ name: "house" }, { name: "cheap", model: "mini" }] } });
      const client = createOllama();
      assert.match((await client.version()).version, /^0\.\d+\.\d+$/);
      assert.deepEqual(
        (await client.list()).models.map(({ name }) => name),
        ["house:latest", "cheap:latest"],
      );
      assert.ok((await client.show({ model: "cheap:latest" })).capabilities.includes("tools"));
      assert.deepEqual((await client.ps()).models, []);
      assert.equal((await client.pull({ model: "house" })).status, "success");
      await assert.rejects(client.show({ model: "other" }), /no model “other”/);
      assert.equal((await client.chat({ model: "house" })).done_reason, "load");
      const alive = await fetch(root(), { headers: HEADERS });
      assert.equal(await alive.text(), "Ollama is running");
      assert.equal((await fetch(`${root()}/`, { method: "HEAD", headers: HEADERS })).status, 200);
      assert.equal((await fetch(`${root()}/`, { headers: { ...HEADERS, accept: "text/html" } })).status, 404);
      assert.equal(service().requests.length, 0);
    });

    it("breaks the connection behind the error of an answer that fails, and names errors in Ollama's words", async () => {
      await deploy();
      service().script = (reply) => {
        reply.send("Once");
        setTimeout(() => reply.drop(), 20);
      };
      const client = await RawClient.connect(runtime().url);
      client.send("POST /ai/api/chat HTTP/1.1", HEADERS, JSON.stringify(ASKED));
      const received = await client.waitUntilClosed();
      assert.match(received, /"content":"Once"/);
      assert.match(received, /\{"error":"The answer broke off\. Try again\."\}\n\r\n$/);
      const wrong = await post("/api/chat", { ...ASKED, model: "other" });
      assert.equal(wrong.status, 404);
      assert.deepEqual(Object.keys((await wrong.json()) as object), ["error"]);
    });
  });

  describe("for Responses", () => {
    it("streams and answers as a whole, to the openai SDK", async () => {
      await deploy();
      service().script = (reply) => reply.send("Hello", " world").finish("stop", USAGE);
      const asked = { model: "house", input: "Hi", instructions: "Be brief." };
      const final = await createOpenAi().responses.stream(asked).finalResponse();
      assert.equal(final.output_text, "Hello world");
      assert.equal(final.usage?.output_tokens, 5);
      assert.equal((await createOpenAi().responses.create(asked)).output_text, "Hello world");
      assert.deepEqual(service().requests[0]!.body["messages"], [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ]);
      service().script = (reply) =>
        reply.sendJson(429, { error: { message: "slow" } }, { "retry-after": "7" });
      await assert.rejects(createOpenAi().responses.create(asked), {
        status: 429,
        code: "rate_limit_exceeded",
      });
    });

    it("knows the items of earlier answers, of which the AI SDK sends only the ids", async () => {
      await deploy();
      const [{ streamText }, { createOpenAI }] = await Promise.all([import("ai"), import("@ai-sdk/openai")]);
      const model = createOpenAI({ baseURL: `${root()}/v1`, apiKey: KEY })("house");
      const first = streamText({ model, prompt: "Hi", maxRetries: 0 });
      assert.equal(await first.text, "Hello world");
      const { messages } = await first.response;
      const asked = [
        { role: "user" as const, content: "Hi" },
        ...messages,
        { role: "user" as const, content: "And?" },
      ];
      const second = streamText({ model, messages: asked, maxRetries: 0 });
      assert.equal(await second.text, "Hello world");
      assert.deepEqual(service().requests[1]!.body["messages"], [
        { role: "user", content: "Hi" },
        { role: "assistant", content: "Hello world" },
        { role: "user", content: "And?" },
      ]);
      const id = JSON.stringify(messages).match(/msg_[\w-]+/)![0];
      const input = [
        { type: "item_reference", id },
        { role: "user", content: "And?" },
      ];
      const other = new OpenAI({ apiKey: "sk-bob", baseURL: `${root()}/v1`, maxRetries: 0 });
      await assert.rejects(
        other.responses.create({ model: "house", input: input as never }),
        /set store to false/,
      );
    });
  });

  describe("for useChat", () => {
    const USER = { id: "u", role: "user" as const, parts: [{ type: "text" as const, text: "Bonn" }] };
    /** Asks as `useChat` does. @returns the answer's parts */
    const chat = async (more: { messages?: unknown[]; body?: object } = {}) => {
      const { DefaultChatTransport, readUIMessageStream } = await import("ai");
      const transport = new DefaultChatTransport({
        api: `${root()}/ui`,
        headers: HEADERS,
        body: more.body ?? {},
      });
      const stream = await transport.sendMessages({
        chatId: "chat-1",
        messages: (more.messages ?? [USER]) as never,
        trigger: "submit-message",
        messageId: undefined,
        abortSignal: undefined,
      });
      let message: { id: string; parts: readonly object[] } | undefined;
      const errors: unknown[] = [];
      for await (const next of readUIMessageStream({ stream, onError: (error) => void errors.push(error) }))
        message = next;
      return { message: message!, errors };
    };

    it("streams an answer, and calls of the page's tools", async () => {
      await deploy();
      const { message } = await chat();
      const [, text] = message.parts as Record<string, unknown>[];
      assert.deepEqual([text!["type"], text!["text"], text!["state"]], ["text", "Hello world", "done"]);
      service().queue.push((reply) =>
        reply.send(...createCallChunks("get_weather", { city: "Bonn" })).finish("tool_calls"),
      );
      const called = await chat({ body: { tools: [TOOL] } });
      const part = called.message.parts.at(-1) as Record<string, unknown>;
      assert.deepEqual(
        [part["type"], part["state"], part["input"]],
        ["tool-get_weather", "input-available", { city: "Bonn" }],
      );
      const answered = {
        ...called.message,
        parts: [{ ...part, state: "output-available", output: "Sunny" }],
      };
      const last = await chat({ messages: [USER, answered] });
      assert.equal(last.message.id, called.message.id);
      const { body } = service().requests.at(-1)!;
      assert.deepEqual((body["messages"] as unknown[]).at(-1), {
        role: "tool",
        tool_call_id: "call_0",
        content: "Sunny",
      });
    });

    it("shows the tools of the flow whose messages go to chat-out too, with their results", async () => {
      await deploy({
        stream: { wires: [["router"]] },
        nodes: [
          { ...createRouterNode({}), wires: [["out"], ["ask"], ["weather", "out"], []] },
          createFlowNode("helper", "weather", []),
        ],
      });
      service().script = answerByWeatherTool;
      runtime().reactions.set("weather", (message) => {
        const answered = { ...message, payload: "clear" };
        runtime().inject("out", { ...answered });
        runtime().inject("router", answered);
      });
      const { message, errors } = await chat();
      assert.deepEqual(errors, []);
      const tool = message.parts.find((part) => (part as { type: string }).type === "dynamic-tool") as Record<
        string,
        unknown
      >;
      assert.deepEqual(
        [tool["toolName"], tool["state"], tool["output"], tool["providerExecuted"]],
        ["get_weather", "output-available", "clear", true],
      );
      assert.deepEqual((message.parts.at(-1) as { text: string }).text, "It is clear.");
    });

    it("gives the page's user the text of an error, before and in the answer", async () => {
      await deploy();
      service().script = (reply) => reply.sendJson(503, { error: { message: "secret" } });
      await assert.rejects(chat(), { message: "The model is busy. Try again later." });
      service().script = (reply) => {
        reply.send("Once");
        setTimeout(() => reply.drop(), 20);
      };
      const { errors, message } = await chat();
      assert.match(String(errors[0]), /broke off/);
      assert.match(JSON.stringify(message.parts), /Once/);
    });
  });

  describe("for AG-UI", () => {
    it("runs an agent, and tells of its failure", async () => {
      await deploy();
      const { HttpAgent } = await import("@ag-ui/client");
      const errors: string[] = [];
      const run = async () => {
        const agent = new HttpAgent({
          url: `${root()}/ag-ui/house`,
          headers: HEADERS,
          threadId: "t",
          initialMessages: [{ id: "u", role: "user", content: "Hi" }],
        });
        const onRunErrorEvent = ({ event }: { event: { message: string } }) =>
          void errors.push(event.message);
        await agent.runAgent({}, { onRunErrorEvent } as never);
        return agent.messages.at(-1)?.content;
      };
      assert.equal(await run(), "Hello world");
      service().script = (reply) => {
        reply.send("Once");
        setTimeout(() => reply.drop(), 20);
      };
      await run();
      assert.deepEqual(errors, ["The answer broke off. Try again."]);
    });
  });

  it("offers only the forms that are chosen, and all if none were ever chosen", async () => {
    await deploy({ endpoint: { forms: ["events"] } });
    const paths = ["/v1/chat/completions", "/v1/responses", "/api/chat", "/ui", "/ag-ui", "/v1/models"];
    for (const path of paths) assert.equal((await post(path, {})).status, 404, path);
    assert.equal((await post("/events", { prompt: "Hi" })).status, 200);
  });

  it("answers HEAD itself, and refuses what is no request in the words of each form", async () => {
    await deploy();
    assert.equal(
      (await fetch(`${root()}/events?prompt=Hi`, { method: "HEAD", headers: HEADERS })).status,
      200,
    );
    for (const path of ["/v1/chat/completions", "/v1/responses", "/api/chat", "/ui", "/ag-ui", "/events"]) {
      const response = await fetch(`${root()}${path}`, { method: "POST", headers: HEADERS, body: "{" });
      assert.equal(response.status, 400, path);
      const text = await response.text();
      assert.match(text, /The body of the request is not JSON\./);
      assert.equal(text.startsWith("{"), path !== "/ui");
      const unknown = await fetch(`${root()}${path}`, { method: "POST", body: "{}" });
      assert.equal(unknown.status, 401, path);
      assert.equal(
        (await fetch(`${root()}${path}/a/b/c`, { headers: HEADERS, method: "PUT" })).status >= 404,
        true,
      );
    }
    assert.equal(service().requests.length, 0);
  });
});
