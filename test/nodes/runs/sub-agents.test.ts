import assert from "node:assert/strict";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createChatStreamNode, createFlowNode, createSinkNode } from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import {
  answerByWeatherTool,
  createCallChunks,
  createRouterFlow,
  createRouterNode,
} from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";
import { TIME } from "../../support/worlds/router-world.js";

/** Writes the tool's question of a model: its argument. */
const QUESTION = createFlowNode("change", "question", ["expert"], {
  rules: [{ t: "set", p: "payload", pt: "msg", to: "payload.city", tot: "msg" }],
});
const EXPERT = createChatStreamNode({ id: "expert", wires: [["heard", "whole"]] });
const WHOLE = { ...createFlowNode("collect", "whole", []), wires: [["router"], ["router"]] };

/** The level of warnings in the log of Node-RED. */
const WARNING = 30;

/** A model that does not come to an end. */
const think: Script = async (reply) => {
  await reply.sendApart("I think ");
};

/** Where a cancel is sent, and by what it names the run. */
const COMMANDS = [
  ["the router by id", "router", (id: string) => ({ cancel: true, parts: { id, index: 0 } })],
  ["the router by topic", "router", () => ({ cancel: true, topic: "mine" })],
  ["the chat-stream of the run by id", "ask", (id: string) => ({ cancel: true, parts: { id, index: 0 } })],
  ["the router by msg.reset", "router", () => ({ reset: true, topic: "mine" })],
] as const;

describe("Cancelling a run whose tool asks a model", () => {
  const service = useService();
  const runtime = useRuntime();

  /** A model that calls the tool; the model of the tool is the one without `get_weather`. */
  function scriptExpert(expert: Script): void {
    service().script = (reply, request) => {
      const tools = JSON.stringify(request.body["tools"] ?? "");
      return tools.includes("get_weather") ? answerByWeatherTool(reply, request) : expert(reply, request);
    };
  }

  /** Asks a question, and waits until the model of the tool is asked. @returns the id of the reader's stream */
  async function ask(expert: FlowNode[], requests = 2, router = {}): Promise<string> {
    await runtime().deploy(
      createRouterFlow(service().url, {
        router: { wires: [["out"], ["ask"], ["question"]], ...router },
        more: [
          ...(expert.some(({ id }) => id === "question") ? [] : [QUESTION]),
          createSinkNode("heard"),
          ...expert,
        ],
      }),
    );
    runtime().inject("router", { payload: "Paris", topic: "mine" });
    await waitUntil(() => service().requests.length === requests, "the model of the tool is asked");
    const [first] = await runtime().waitUntil("out", ({ length }) => length > 0);
    return first!.parts!.id;
  }

  /** The model of the tool is stopped, its reader is told, and nothing more is asked. */
  async function assertCancelled(): Promise<void> {
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "cancelled");
    await waitUntil(() => service().openStreams === 0, "the model of the tool is stopped");
    const [heard] = await runtime().waitForEnds("heard");
    assert.equal(heard!.finishReason, "cancelled");
    const { length } = service().requests;
    await pause();
    assert.equal(service().requests.length, length);
    assert.deepEqual(runtime().getMessages("errors"), []);
    assert.deepEqual(listWarnings(), []);
  }

  const listWarnings = () => runtime().logs.filter(({ level, id }) => level === WARNING && id !== undefined);

  for (const [name, node, command] of COMMANDS)
    it(`stops that model, by a message to ${name}`, async () => {
      scriptExpert(think);
      const id = await ask([EXPERT, WHOLE]);
      await runtime().waitUntil("heard", (messages) => messages.length > 0);
      runtime().inject(node, command(id));
      await assertCancelled();
    });

  it("ends the wait of a retry node behind that model", async () => {
    scriptExpert((reply) => reply.sendJson(429, {}));
    const id = await ask([
      { ...EXPERT, wires: [["again"]] },
      createRetryNode({
        ...{ id: "again", wires: [["heard", "whole"], ["expert"], []] },
        ...{ delay: 20_000, maxDelay: 20_000, waits: "fixed" },
      }),
      WHOLE,
    ]);
    await runtime().statuses.waitUntil((all) =>
      all.some(({ id, status }) => id === "again" && /in \d+ s/.test(status?.text ?? "")),
    );
    runtime().inject("router", { cancel: true, parts: { id, index: 0 } });
    await assertCancelled();
  });

  it("ends the run of a second router whose own tool works", async () => {
    scriptExpert(async (reply) => {
      await reply.sendApart(...createCallChunks("get_time", {}));
      reply.finish("tool_calls");
    });
    const id = await ask([
      { ...QUESTION, wires: [["inner"]] },
      createRouterNode({ id: "inner", tools: [TIME], wires: [["heard", "whole"], ["expert"], ["clock"]] }),
      { ...EXPERT, wires: [["inner"]] },
      createSinkNode("clock"),
      WHOLE,
    ]);
    const [call] = await runtime().waitUntil("clock", ({ length }) => length > 0);
    runtime().inject("router", { cancel: true, parts: { id, index: 0 } });
    await assertCancelled();
    runtime().inject("inner", { ...call, payload: "late" });
    await pause();
    assert.equal(service().requests.length, 2);
  });

  it("stops a model of the second router's tool, two calls deep", async () => {
    scriptExpert(async (reply, request) => {
      if (!request.body["tools"]) return think(reply, request);
      await reply.sendApart(...createCallChunks("get_time", {}));
      reply.finish("tool_calls");
    });
    const id = await ask(
      [
        { ...QUESTION, wires: [["inner"]] },
        createRouterNode({ id: "inner", tools: [TIME], wires: [["heard", "whole"], ["expert"], ["clock"]] }),
        { ...EXPERT, wires: [["inner"]] },
        createFlowNode("change", "clock", ["watchmaker"], {
          rules: [{ t: "set", p: "payload", pt: "msg", to: "Time?", tot: "str" }],
        }),
        createChatStreamNode({ id: "watchmaker", wires: [[]] }),
        WHOLE,
      ],
      3,
    );
    runtime().inject("router", { cancel: true, parts: { id, index: 0 } });
    await assertCancelled();
  });

  it("asks no model if the tool gets to it after the cancel", async () => {
    scriptExpert(think);
    const id = await ask([{ ...QUESTION, wires: [["held"]] }, createSinkNode("held"), EXPERT, WHOLE], 1);
    const [held] = await runtime().waitUntil("held", ({ length }) => length > 0);
    runtime().inject("router", { cancel: true, parts: { id, index: 0 } });
    await runtime().waitForEnds("out");
    runtime().inject("expert", { ...held, payload: "Paris" });
    await assertCancelled();
    assert.equal(service().requests.length, 1);
  });

  it("stops that model if the tool's time is up, and blames nobody for its end", async () => {
    scriptExpert(think);
    await ask([EXPERT, WHOLE], 2, { toolTimeout: 0.2 });
    const [end] = await runtime().waitForEnds("out");
    assert.match(joinPayloads(runtime().getMessages("out")), /timed out/);
    assert.equal(end!.finishReason, "stop");
    const [heard] = await runtime().waitForEnds("heard");
    assert.equal(heard!.finishReason, "cancelled");
    await waitUntil(() => service().openStreams === 0, "the model of the tool is stopped");
    await pause();
    assert.deepEqual(
      listWarnings().map(({ msg }) => String(msg).split(":")[0]),
      ["No answer came within 0.2 s from"],
    );
  });

  it("stops that model if the run is one too many", async () => {
    scriptExpert(think);
    await ask([EXPERT, WHOLE]);
    service().script = (reply) => void reply.open();
    for (let more = 0; more < 1000; more++) runtime().inject("router", { payload: "Rome", topic: "other" });
    const [heard] = await runtime().waitForEnds("heard");
    assert.equal(heard!.finishReason, "cancelled");
  });

  it("leaves the models of other runs alone", async () => {
    scriptExpert(think);
    const id = await ask([EXPERT, WHOLE]);
    runtime().inject("router", { payload: "Rome", topic: "other" });
    await waitUntil(() => service().requests.length === 4, "both models work");
    runtime().inject("router", { cancel: true, parts: { id, index: 0 } });
    await runtime().waitForEnds("heard");
    await pause();
    assert.equal(service().openStreams, 1);
    assert.equal((await runtime().waitForEnds("heard")).length, 1);
  });

  it("lets a model go on whose tool has answered before", async () => {
    scriptExpert(think);
    const id = await ask([EXPERT]);
    const [heard] = await runtime().waitUntil("heard", ({ length }) => length > 0);
    service().script = think;
    runtime().inject("router", { toolCall: heard!["toolCall"], payload: "The expert is thinking." });
    await waitUntil(() => service().openStreams === 2, "the run goes on");
    runtime().inject("router", { cancel: true, parts: { id, index: 0 } });
    await runtime().waitForEnds("out");
    await pause();
    assert.equal(service().openStreams, 1);
  });
});

describe("Cancelling a call of an MCP client whose tool asks a model", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Calls the tool, and waits until its model is asked. */
  async function callTool(
    client: Client,
    signal?: AbortSignal,
    router = {},
  ): Promise<{ call: Promise<unknown> }> {
    service().script = think;
    await runtime().deploy([
      ...createRouterFlow(service().url, {
        router: { endpoint: "endpoint", wires: [[], [], ["question"]], ...router },
        more: [QUESTION, createSinkNode("heard"), EXPERT, WHOLE],
      }),
      { id: "endpoint", type: "chat-endpoint", path: "/ai", open: true },
    ]);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${runtime().url}/ai/mcp`)));
    const call = client.callTool(
      { name: "get_weather", arguments: { city: "Paris" } },
      signal ? { signal } : {},
    );
    await runtime().waitUntil("heard", ({ length }) => length > 0);
    return { call };
  }

  it("stops that model", async () => {
    const client = new Client({ name: "test", version: "1" });
    const controller = new AbortController();
    const { call } = await callTool(client, controller.signal);
    controller.abort();
    await assert.rejects(call);
    await assertStopped();
    await client.close();
  });

  it("stops that model if the tool's time is up", async () => {
    const client = new Client({ name: "test", version: "1" });
    const { call } = await callTool(client, undefined, { toolTimeout: 0.5 });
    assert.match(JSON.stringify(await call), /timed out/);
    await assertStopped();
    await client.close();
  });

  async function assertStopped(): Promise<void> {
    const [heard] = await runtime().waitForEnds("heard");
    assert.equal(heard!.finishReason, "cancelled");
    await waitUntil(() => service().openStreams === 0, "the model is stopped");
  }
});
