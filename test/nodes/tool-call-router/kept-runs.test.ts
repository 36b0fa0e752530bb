import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../../../src/node-red/red/api.js";
import { RestartableRuntime } from "../../support/flows/kept.js";
import { createSinkNode } from "../../support/flows/nodes.js";
import { answerByWeatherTool, createRouterFlow } from "../../support/flows/router.js";
import {
  createChatInNode,
  createChatOutNode,
  createEndpointNode,
  deployServed,
  KEY,
} from "../../support/flows/serving.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useService } from "../../support/services/use-service.js";
import { waitUntil } from "../../support/waiting.js";

describe("Runs that are kept", () => {
  const service = useService();
  const red = new RestartableRuntime();
  beforeEach(() => {
    service().script = answerByWeatherTool;
  });
  afterEach(() => red.end());

  const createFlow = (router: object = {}) =>
    createRouterFlow(service().url, { router: { keepRuns: "file", ...router } });

  /** Asks a question whose answer waits for the tool. @returns the call */
  const begin = async (router: object = {}, more: object = {}): Promise<Message> => {
    const runtime = await red.start();
    await runtime.deploy(createFlow(router));
    runtime.inject("router", { payload: "Rome", ...more });
    const [call] = await runtime.waitUntil("weather", ({ length }) => length === 1);
    return call!;
  };
  const answer = (call: Message, payload: unknown = "sunny") =>
    red.now.inject("router", { toolCall: call["toolCall"], payload });
  const listRuns = async (): Promise<Record<string, unknown>[]> => {
    const isList = (message: Message) => Object.hasOwn(message, "listRuns");
    red.now.inject("router", { listRuns: true });
    const found = await red.now.waitUntil("out", (messages) => messages.some(isList));
    red.now.clearMessages();
    return found.find(isList)!.payload as Record<string, unknown>[];
  };
  const readStored = (): Record<string, unknown> => {
    const file = join(red.now.userDir, "context", "tab", "router.json");
    const stored = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    return stored.runs ?? {};
  };
  const readLog = () => JSON.stringify(red.now.logs);

  it("goes on after a restart with an answer that comes then, and the reader that is there gets the whole stream", async () => {
    const call = await begin({}, { topic: "t", user: "ada" });
    await red.restart();
    answer(call);
    const [last] = await red.now.waitForEnds("out");
    const messages = red.now.getMessages("out");
    assert.equal(messages[0]!["reset"], true);
    assert.deepEqual(
      messages.map(({ parts }) => parts!.index),
      [0, ...messages.slice(1).keys()],
    );
    assert.equal(joinPayloads(messages), "Let me look. It is sunny.");
    const [whole] = await red.now.waitUntil("finished", ({ length }) => length === 1);
    assert.equal(whole!.payload, "Let me look. It is sunny.");
    assert.deepEqual([last!.topic, last!["user"]], ["t", "ada"]);
    const rounds = last!["rounds"] as { calls: { outcome: string }[] }[];
    assert.equal(rounds[0]!.calls[0]!.outcome, "answered");
    assert.equal(service().requests.length, 2);
    await waitUntil(() => Object.keys(readStored()).length === 0);
  });

  it("takes an answer once, also after a restart", async () => {
    const call = await begin();
    await red.restart();
    answer(call, "sunny");
    answer(call, "rainy");
    await red.now.waitForEnds("out");
    answer(call, "snowy");
    await red.restart();
    answer(call, "foggy");
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(service().requests.length, 2);
    assert.equal(red.now.getMessages("out").length, 0);
  });

  it("waits on over a deploy", async () => {
    const call = await begin();
    await red.now.deploy(createFlow());
    red.now.clearMessages();
    answer(call);
    await red.now.waitForEnds("out");
    assert.equal(joinPayloads(red.now.getMessages("out")), "Let me look. It is sunny.");
    assert.equal(red.now.getMessages("weather").length, 0);
  });

  it("asks the model again if Node-RED stops while it answers, and calls no tool twice", async () => {
    const call = await begin();
    service().script = (reply) => void reply.send("It is ");
    answer(call);
    await service().waitForRequests(2);
    service().script = answerByWeatherTool;
    await red.restart();
    await red.now.waitForEnds("out");
    assert.equal(joinPayloads(red.now.getMessages("out")), "Let me look. It is sunny.");
    assert.equal(service().requests.length, 3);
    assert.deepEqual(service().requests[2]!.body["messages"], service().requests[1]!.body["messages"]);
    assert.equal(red.now.getMessages("weather").length, 0);
  });

  it("waits on for the second call if the first was answered before a restart", async () => {
    service().script = async (reply, request) => {
      const { messages } = request.body as { messages: { role: string; content: string }[] };
      const results = messages.filter(({ role }) => role === "tool");
      if (results.length > 0) return reply.say(results.map(({ content }) => content).join(" and "));
      const { createCallChunks } = await import("../../support/flows/router.js");
      await reply.sendApart(
        ...createCallChunks("get_weather", { city: "Rome" }, 0),
        ...createCallChunks("get_time", {}, 1),
      );
      reply.finish("tool_calls");
    };
    const call = await begin();
    const [time] = await red.now.waitUntil("time", ({ length }) => length === 1);
    answer(call, "sun");
    await waitUntil(() => JSON.stringify(readStored()).includes("answered"));
    await red.restart();
    answer(time!, "noon");
    await red.now.waitForEnds("out");
    assert.equal(joinPayloads(red.now.getMessages("out")), "sun and noon");
  });

  it("lists what waits, so that an entry of its calls can be sent back as msg.toolCall", async () => {
    await begin({}, { topic: "t" });
    await red.restart();
    const [run, ...others] = await listRuns();
    assert.deepEqual(others, []);
    assert.deepEqual([run!["topic"], run!["state"], run!["round"]], ["t", "calling", 1]);
    assert.equal(run!["text"], "Let me look. ");
    const [call] = run!["calls"] as Record<string, unknown>[];
    assert.equal(call!["waitsFor"], "answer");
    assert.deepEqual(call!["arguments"], { city: "Rome" });
    answer({ toolCall: call });
    await red.now.waitForEnds("out");
    assert.deepEqual(await listRuns(), []);
  });

  it("ends a waiting run by msg.cancel with its id, and forgets it", async () => {
    await begin();
    await red.restart();
    const [{ run } = {}] = await listRuns();
    red.now.inject("router", { cancel: true, parts: { id: String(run), index: 0 } });
    const [last] = await red.now.waitForEnds("out");
    assert.equal(last!.finishReason, "cancelled");
    assert.equal(joinPayloads(red.now.getMessages("out")), "Let me look. ");
    await waitUntil(() => Object.keys(readStored()).length === 0);
  });

  it("lets a run expire that waits for longer than “keep for”, also over a restart", async () => {
    await begin({ keepFor: 0.0003, toolTimeout: 0.1 });
    await red.restart();
    const [last] = await red.now.waitForEnds("out");
    assert.match((last!.error as { message: string }).message, /has waited 0\.0003 h for: get_weather/);
    assert.equal((last!.error as { code: string }).code, "timeout");
    await waitUntil(() => Object.keys(readStored()).length === 0);
    assert.equal(service().requests.length, 1);
  });

  it("waits longer than “answer within” for calls that have left, if it keeps runs", async () => {
    const call = await begin({ toolTimeout: 0.05 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    answer(call);
    await red.now.waitForEnds("out");
    assert.equal(joinPayloads(red.now.getMessages("out")), "Let me look. It is sunny.");
  });

  it("keeps what JSON can hold of a message, and leaves the rest out", async () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const call = await begin({}, { req: { url: "/" }, res: {}, circle, when: new Date(0), list: [1, 2] });
    await red.restart();
    answer(call);
    const [last] = await red.now.waitForEnds("out");
    for (const name of ["req", "res", "circle"]) assert.ok(!Object.hasOwn(last!, name), name);
    assert.equal(last!["when"], "1970-01-01T00:00:00.000Z");
    assert.deepEqual(last!["list"], [1, 2]);
  });

  it("leaves req, res and everything else on the messages while Node-RED runs", async () => {
    const request = { url: "/" };
    const call = await begin({}, { req: request });
    answer(call);
    const [last] = await red.now.waitForEnds("out");
    assert.equal(last!["req"], request);
  });

  it("ends a run that cannot be stored, and calls none of its tools", async () => {
    const broken = () => ({
      open: () => Promise.resolve(),
      close: () => Promise.resolve(),
      get: (_scope: string, _key: string, callback: (error: unknown) => void) => callback(null),
      set: (_scope: string, _key: string, _value: unknown, callback: (error: unknown) => void) =>
        callback(new Error("disk full")),
      keys: (_scope: string, callback: (error: unknown, keys: string[]) => void) => callback(null, []),
      delete: () => Promise.resolve(),
      clean: () => Promise.resolve(),
    });
    const runtime = await red.start({
      contextStorage: { default: { module: "memory" }, file: { module: broken } },
    });
    await runtime.deploy(createFlow());
    runtime.inject("router", { payload: "Rome" });
    const [last] = await runtime.waitForEnds("out");
    assert.match((last!.error as { message: string }).message, /store of the run failed: disk full/);
    assert.equal(runtime.getMessages("weather").length, 0);
  });

  it("warns of a store that does not exist, is in memory, or writes too late", async () => {
    const runtime = await red.start({
      contextStorage: {
        default: { module: "memory" },
        lazy: { module: "localfilesystem", config: { flushInterval: 1 } },
      },
    });
    const warnings: readonly [string, RegExp][] = [
      ["none", /store “none” is not set up, so runs end with the flow/],
      ["default", /runs survive a deploy, but no restart/],
      ["lazy", /only now and then, so a crash loses the latest steps/],
    ];
    for (const [keepRuns, text] of warnings) {
      runtime.logs.length = 0;
      await runtime.deploy(createFlow({ keepRuns }));
      assert.match(readLog(), text);
    }
  });

  it("goes on with a run whose client was cut off by a deploy, and gives the rest to whoever reads then", async () => {
    const runtime = await red.start();
    const flow = [
      ...createRouterFlow(service().url, {
        router: { keepRuns: "file", wires: [["text", "reply"], ["ask"], ["weather"], ["time"]] },
        more: [createSinkNode("text")],
      }),
      createEndpointNode(),
      { ...createChatInNode(), wires: [["router"]] },
      { ...createChatOutNode(), id: "reply", wires: [["router"]] },
    ];
    await deployServed(runtime, flow);
    const body = { model: "house", messages: [{ role: "user", content: "Rome" }] };
    const asked = fetch(`${runtime.url}/ai/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
      body: JSON.stringify(body),
    });
    const [call] = await runtime.waitUntil("weather", ({ length }) => length === 1);
    await deployServed(runtime, flow);
    assert.notEqual((await asked).status, 200);
    runtime.clearMessages();
    answer(call!);
    await runtime.waitForEnds("text");
    assert.equal(joinPayloads(runtime.getMessages("text")), "Let me look. It is sunny.");
    assert.equal(runtime.getMessages("errors").length, 0);
  });

  it("stores nothing if it keeps no runs", async () => {
    await begin({ keepRuns: "" });
    assert.deepEqual(readStored(), {});
  });
});
