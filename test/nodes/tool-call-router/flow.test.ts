import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  TAB,
} from "../../support/flows/nodes.js";
import { createRetryNode } from "../../support/flows/retry.js";
import {
  answerByWeatherTool,
  answerCalls,
  breakOffInCall,
  createCallChunks,
  createRouterFlow,
  createRouterNode,
  readRequestMessages,
} from "../../support/flows/router.js";
import { groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";
import { WEATHER } from "../../support/worlds/router-world.js";

describe("A tool-call-router in a flow", () => {
  const service = useService();
  const runtime = useRuntime();
  const ask = (message: Message = {}) => runtime().inject("router", { payload: "Paris", ...message });
  const sunny = (payload: unknown) => `sunny in ${(payload as { city: string }).city}`;

  beforeEach(() => {
    service().script = answerByWeatherTool;
    answerCalls(runtime(), "weather", sunny);
  });

  it("joins two turns and the tool between them to one stream", async () => {
    await runtime().deploy(createRouterFlow(service().url));
    ask({ topic: "t" });
    const [end] = await runtime().waitForEnds("out");
    const messages = runtime().getMessages("out");
    assert.equal(joinPayloads(messages), "Let me look. It is sunny in Paris.");
    assert.equal(groupByStream(messages).length, 1);
    assert.deepEqual(
      messages.map(({ parts }) => parts!.index),
      [...messages.keys()],
    );
    assert.equal(end!.finishReason, "stop");
    await waitUntil(() => runtime().getMessages("finished").length === 1);
    const [collected] = runtime().getMessages("finished");
    assert.equal(collected!.payload, "Let me look. It is sunny in Paris.");
    assert.equal(collected!["topic"], "t");
    assert.ok(!JSON.stringify(collected!.response).includes("tool_calls"));
    assert.equal(runtime().getMessages("weather").length, 1);
    assert.equal(runtime().getMessages("errors").length, 0);
    const [, second] = service().requests;
    assert.deepEqual(
      readRequestMessages(second!).map(({ role }) => role),
      ["user", "assistant", "tool"],
    );
  });

  it("answers with the demo provider and parallel calls of two tools, and shows its state in the status", async () => {
    await runtime().deploy(
      createRouterFlow("", {
        service: { provider: "demo" },
        stream: { model: "demo" },
        router: {
          tools: [
            WEATHER,
            { name: "get_time", description: "The time in a city", parameters: WEATHER.parameters },
          ],
        },
      }),
    );
    answerCalls(runtime(), "weather", (payload) => ({ ...(payload as object), sky: "clear" }));
    runtime().reactions.set("time", () => {});
    ask({ payload: "What is the weather in Paris? And what time is it in Tokyo?" });
    await runtime().waitUntil("time", (messages) => messages.length === 1);
    const statuses = () => runtime().statuses.messages.filter(({ id }) => id === "router");
    await waitUntil(() => /1 tool|status\.tool/.test(statuses().at(-1)?.status?.text ?? ""));
    const [call] = runtime().getMessages("time");
    runtime().inject("router", { ...call!, payload: "12:34" });
    const [end] = await runtime().waitForEnds("out");
    const text = joinPayloads(runtime().getMessages("out"));
    assert.match(text, /clear/);
    assert.match(text, /12:34/);
    assert.equal((end!["rounds"] as unknown[]).length, 2);
    await waitUntil(() => Object.keys(statuses().at(-1)?.status ?? {}).length === 0);
  });

  it("reports a tool whose flow is disabled to the model and the author, and a disabled chat-stream to the author", async () => {
    const off = { func: "return msg;", outputs: 1, libs: [], d: true };
    const flow = createRouterFlow(service().url, {
      router: { wires: [["out", "collect"], ["ask"], ["off"], []] },
      more: [createFlowNode("function", "off", ["router"], off)],
    });
    await runtime().deploy(flow);
    ask();
    await runtime().waitForEnds("out");
    assert.match(joinPayloads(runtime().getMessages("out")), /"get_weather" is not available/);
    const warning = runtime().logs.find(({ id, level }) => id === "router" && level === 30);
    assert.match(String(warning?.msg), /get_weather.*enabled.*output \(3\)/);
    await runtime().deploy(flow.map((one) => (one.id === "ask" ? { ...one, d: true } : one)));
    ask();
    await waitUntil(() => runtime().getMessages("errors").length === 1);
    assert.match(JSON.stringify(runtime().getMessages("errors")[0]!["error"]), /output 2.*enabled/);
  });

  it("gives a collect node that parses JSON the last turn only, without text before a call", async () => {
    const stream = { responseFormat: "json_object", partial: true };
    const flow = createRouterFlow(service().url, { stream });
    await runtime().deploy(flow.map((one) => (one.id === "collect" ? { ...one, parse: "json" } : one)));
    const call = createCallChunks("get_weather", { city: "Paris" });
    service().queue.push(
      (reply) => reply.send("I look.", ...call).finish("tool_calls"),
      (reply) => reply.send("Once more.", ...call).finish("tool_calls"),
      (reply) => reply.say('{"sky":', '"clear"}'),
    );
    ask();
    await waitUntil(() => runtime().getMessages("finished").length === 1);
    assert.deepEqual(runtime().getMessages("finished")[0]!.payload, { sky: "clear" });
    assert.equal(joinPayloads(runtime().getMessages("out")), 'I look.Once more.{"sky":"clear"}');
  });

  it("runs no tool twice if the connection broke inside the arguments, behind a retry node", async () => {
    service().queue.push(breakOffInCall, answerByWeatherTool, breakOffInCall);
    await runtime().deploy(
      createRouterFlow(service().url, {
        between: "retry",
        more: [createRetryNode({ wires: [["router"], ["ask"], []] })],
      }),
    );
    ask();
    await runtime().waitForEnds("out");
    const messages = runtime().getMessages("out");
    const from = messages.findLastIndex((message) => message["reset"] === true);
    assert.ok(from >= 0);
    assert.equal(joinPayloads(messages.slice(from + 1)), "Let me look. It is sunny in Paris.");
    await waitUntil(() => runtime().getMessages("finished").length === 1);
    assert.equal(runtime().getMessages("finished")[0]!.payload, "Let me look. It is sunny in Paris.");
    assert.equal(runtime().getMessages("weather").length, 1);
    assert.equal(groupByStream(messages).length, 1);
    assert.equal(runtime().getMessages("errors").length, 0);
  });

  for (const nodes of ["a retry node", "a retry node and a delta-buffer"])
    it(`resets a later turn alone if it starts over, behind ${nodes}`, async () => {
      const behind = nodes.includes("delta") ? "buffer" : "router";
      let broken = 0;
      service().script = async (reply, request) => {
        const answered = readRequestMessages(request).some(({ role }) => role === "tool");
        if (!answered || broken++ > 0) return answerByWeatherTool(reply, request);
        await reply.sendApart(
          "It ",
          ...(behind === "router" ? createCallChunks("get_time", {}).slice(0, 2) : []),
        );
        reply.drop();
      };
      await runtime().deploy(
        createRouterFlow(service().url, {
          between: "retry",
          more: [
            createRetryNode({ afterText: "restart", wires: [[behind], ["ask"], []] }),
            createFlowNode("delta-buffer", "buffer", ["router"], { boundary: "sentence" }),
          ],
        }),
      );
      ask();
      const [end] = await runtime().waitForEnds("out");
      const messages = runtime().getMessages("out");
      assert.ok(messages.every((message) => message["reset"] === true || !("askedBy" in message)));
      const from = messages.findLastIndex((message) => message["reset"] === true);
      assert.deepEqual(
        messages.slice(from + 1).map(({ parts }) => parts!.index),
        [...messages.slice(from + 1).keys()],
      );
      assert.equal(joinPayloads(messages.slice(from + 1)), "Let me look. It is sunny in Paris.");
      assert.equal(end!.parts!.count, messages.length - from - 1);
      await waitUntil(() => runtime().getMessages("finished").length === 1);
      assert.equal(runtime().getMessages("finished")[0]!.payload, "Let me look. It is sunny in Paris.");
      assert.equal(runtime().getMessages("weather").length, 1);
    });

  it("repeats a failed turn without running a tool twice, before a retry node", async () => {
    let broken = 0;
    service().script = async (reply, request) => {
      const answered = readRequestMessages(request).some(({ role }) => role === "tool");
      if (!answered || broken++ > 0) return answerByWeatherTool(reply, request);
      reply.sendJson(500, {});
    };
    for (const again of ["ask", "router"]) {
      broken = 0;
      runtime().clearRecords();
      answerCalls(runtime(), "weather", sunny);
      await runtime().deploy(
        createRouterFlow(service().url, {
          after: "retry",
          more: [createRetryNode({ wires: [["out", "collect"], [again], []] })],
        }),
      );
      ask();
      await waitUntil(() => runtime().getMessages("finished").length === 1, "it is finished");
      assert.match(
        String(runtime().getMessages("finished")[0]!.payload),
        /^Let me look\. .*It is sunny in Paris\.$/,
      );
      assert.equal(runtime().getMessages("weather").length, 1);
      assert.equal(groupByStream(runtime().getMessages("out")).length, 1);
      assert.equal(runtime().getMessages("errors").length, 0);
    }
  });

  it("sends the same text and calls with a delta-buffer before or behind it", async () => {
    const buffer = (to: string) => createFlowNode("delta-buffer", "buffer", [to], { boundary: "sentence" });
    for (const place of ["between", "after"] as const) {
      runtime().clearRecords();
      answerCalls(runtime(), "weather", sunny);
      const to = place === "between" ? "router" : "collect";
      await runtime().deploy(createRouterFlow(service().url, { [place]: "buffer", more: [buffer(to)] }));
      ask();
      await waitUntil(() => runtime().getMessages("finished").length === 1, "it is finished");
      assert.equal(runtime().getMessages("finished")[0]!.payload, "Let me look. It is sunny in Paris.");
      assert.equal(runtime().getMessages("weather").length, 1);
    }
  });

  it("reports a model that never stops calling tools to a Catch node, once, with the conversation", async () => {
    service().script = async (reply) =>
      reply.send(...createCallChunks("get_weather", { city: "a" })).finish("tool_calls");
    await runtime().deploy(createRouterFlow(service().url, { router: { maxRounds: 2 } }));
    ask();
    await waitUntil(() => runtime().getMessages("errors").length === 1);
    await pause();
    const [caught] = runtime().getMessages("errors");
    assert.equal((caught!.error as { code: string }).code, "tool_rounds");
    assert.equal((caught!["request"] as { messages: unknown[] }).messages.length, 5);
    assert.equal(runtime().getMessages("errors").length, 1);
    assert.equal(((await runtime().waitForEnds("out"))[0]!.error as FailureData).code, "tool_rounds");
    assert.equal((await runtime().waitUntil("unfinished", (messages) => messages.length === 1)).length, 1);
  });

  it("leaves a failure to a retry node behind it", async () => {
    service().script = async (reply) =>
      reply.send(...createCallChunks("get_weather", { city: "a" })).finish("tool_calls");
    await runtime().deploy(
      createRouterFlow(service().url, {
        router: { maxRounds: 1 },
        after: "retry",
        more: [createRetryNode({ wires: [["out"], ["router"], []] })],
      }),
    );
    ask();
    await runtime().waitForEnds("out");
    await pause();
    assert.equal(runtime().getMessages("errors").length, 1);
    assert.equal(
      (runtime().getMessages("errors")[0]!.error as { source: { type: string } }).source.type,
      "retry",
    );
  });

  it("keeps a hundred runs apart, in whatever order their tools answer", async () => {
    const runs = 100;
    runtime().reactions.set("weather", (message) => {
      setTimeout(
        () => runtime().inject("router", { ...message, payload: sunny(message.payload) }),
        Math.random() * 20,
      );
    });
    await runtime().deploy(
      createRouterFlow(service().url, { service: { maxConcurrent: 50, maxQueued: 200 } }),
    );
    for (let nth = 0; nth < runs; nth++) ask({ payload: `city ${nth}`, topic: nth });
    await runtime().waitUntil("finished", (messages) => messages.length === runs, "all runs");
    for (const { payload, topic } of runtime().getMessages("finished"))
      assert.equal(payload, `Let me look. It is sunny in city ${topic}.`);
    assert.equal(groupByStream(runtime().getMessages("out")).length, runs);
    assert.equal(runtime().getMessages("weather").length, runs);
  });

  it("adds the results of tools to the conversation", async () => {
    await runtime().deploy(createRouterFlow(service().url, { stream: { conversation: "flow" } }));
    ask({ topic: "t" });
    const [end] = await runtime().waitForEnds("out");
    const roles = (end!["conversation"] as { role: string }[]).map(({ role }) => role);
    assert.deepEqual(roles, ["user", "assistant", "tool", "assistant"]);
    ask({ topic: "t", payload: "And Rome" });
    await runtime().waitForEnds("out", 2);
    assert.equal(runtime().getMessages("weather").length, 1);
    assert.equal(readRequestMessages(service().requests.at(-1)!).length, 5);
  });

  it("lists its turns for its own reader, and a later stream does not repeat the list", async () => {
    service().queue.push(answerByWeatherTool, answerByWeatherTool, (reply) => reply.say("Il fait beau."));
    await runtime().deploy(
      createRouterFlow(service().url, {
        after: "buffer",
        more: [
          createFlowNode("delta-buffer", "buffer", ["whole"], { count: 5 }),
          createFlowNode("collect", "whole", ["collected"]),
          createSinkNode("collected"),
          { ...createChatStreamNode({ wires: [["translated"]] }), id: "again" },
          createSinkNode("translated"),
        ],
      }),
    );
    runtime().inject("router", { payload: "Paris" });
    const message = (await runtime().waitUntil("collected", (messages) => messages.length === 1))[0]!;
    assert.equal((message["rounds"] as unknown[]).length, 2);
    runtime().inject("again", message);
    const [end] = await runtime().waitForEnds("translated");
    assert.equal(end!["rounds"], undefined);
  });

  it("works as a tool of another tool-call-router", async () => {
    service().script = async (reply, request) => {
      const messages = readRequestMessages(request);
      const tools = (request.body["tools"] as { function: { name: string } }[]).map(
        (tool) => tool.function.name,
      );
      const result = messages.findLast(({ role }) => role === "tool");
      if (result) reply.say(`[${String(result.content)}]`);
      else
        reply.send(...createCallChunks(tools[0]!, { prompt: "Paris", city: "Paris" })).finish("tool_calls");
    };
    const expert = { name: "ask_expert", parameters: { type: "object" } };
    await runtime().deploy([
      TAB,
      createProviderNode(service().url),
      createRouterNode({ tools: [expert], wires: [["out"], ["ask"], ["inner"]] }),
      createChatStreamNode({ wires: [["router"]] }),
      { ...createRouterNode({ wires: [["collect"], ["ask2"], ["weather"], []] }), id: "inner" },
      { ...createChatStreamNode({ wires: [["inner"]] }), id: "ask2" },
      createCollectNode({ wires: [["router"], ["router"]] }),
      createSinkNode("weather"),
      createSinkNode("out"),
    ]);
    runtime().reactions.set("weather", (message) => {
      const { outer, node } = message["toolCall"] as { outer: { node: string; name: string }; node: string };
      assert.deepEqual([node, outer.node, outer.name], ["inner", "router", "ask_expert"]);
      runtime().inject("inner", { ...message, payload: "sunny" });
    });
    ask({ topic: "t" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(joinPayloads(runtime().getMessages("out")), "[[sunny]]");
    assert.ok(!("toolCall" in end!) && !("askedBy" in end!));
    assert.equal(end!["topic"], "t");
  });

  it("ignores a tool's answer to a run from before a redeploy, and leaves nothing behind", async () => {
    runtime().reactions.set("weather", () => {});
    const flow = createRouterFlow(service().url);
    await runtime().deploy(flow);
    ask();
    await runtime().waitUntil("weather", (messages) => messages.length === 1);
    const before = runtime().getMessages("out").length;
    await runtime().deploy(createRouterFlow(service().url, { router: { maxRounds: 3 } }), "nodes");
    runtime().inject("router", { ...runtime().getMessages("weather")[0]!, payload: "late" });
    await pause();
    assert.equal(service().requests.length, 1);
    assert.equal(runtime().getMessages("out").length, before);
    assert.ok(!runtime().logs.some(({ level, id }) => id === "router" && level <= 30));
  });
});
