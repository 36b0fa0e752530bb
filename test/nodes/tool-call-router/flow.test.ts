import assert from "node:assert/strict";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { chatStream, collect, node, provider, sink, TAB } from "../../support/runtime/flows.js";
import { eventually, pause, streamsOf, textOf } from "../../support/runtime/inbox.js";
import { retryNode } from "../../support/runtime/retry-flow.js";
import {
  answering,
  breaksOff,
  callRecords,
  messagesOf,
  routerFlow,
  routerNode,
  weatherman,
} from "../../support/runtime/router-flow.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { WEATHER } from "../../support/worlds/router-world.js";

describe("A tool-call-router in a flow", () => {
  const service = useService();
  const runtime = useRuntime();
  const ask = (message: Message = {}) => runtime().inject("router", { payload: "Paris", ...message });
  const sunny = (payload: unknown) => `sunny in ${(payload as { city: string }).city}`;

  beforeEach(() => {
    service().script = weatherman;
    answering(runtime(), "weather", sunny);
  });

  it("joins two turns and the tool between them to one stream", async () => {
    await runtime().deploy(routerFlow(service().url));
    ask({ topic: "t" });
    const [end] = await runtime().ends("out");
    const messages = runtime().at("out");
    assert.equal(textOf(messages), "Let me look. It is sunny in Paris.");
    assert.equal(streamsOf(messages).length, 1);
    assert.deepEqual(
      messages.map(({ parts }) => parts!.index),
      [...messages.keys()],
    );
    assert.equal(end!.finishReason, "stop");
    await eventually(() => runtime().at("finished").length === 1);
    const [collected] = runtime().at("finished");
    assert.equal(collected!.payload, "Let me look. It is sunny in Paris.");
    assert.equal(collected!["topic"], "t");
    assert.ok(!JSON.stringify(collected!.response).includes("tool_calls"));
    assert.equal(runtime().at("weather").length, 1);
    assert.equal(runtime().at("errors").length, 0);
    const [, second] = service().requests;
    assert.deepEqual(
      messagesOf(second!).map(({ role }) => role),
      ["user", "assistant", "tool"],
    );
  });

  it("answers with the demo provider and parallel calls of two tools, and shows its state in the status", async () => {
    await runtime().deploy(
      routerFlow("", {
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
    answering(runtime(), "weather", (payload) => ({ ...(payload as object), sky: "clear" }));
    runtime().reactions.set("time", () => {});
    ask({ payload: "What is the weather in Paris? And what time is it in Tokyo?" });
    await runtime().until("time", (messages) => messages.length === 1);
    const statuses = () => runtime().statuses.messages.filter(({ id }) => id === "router");
    await eventually(() => /1 tool|status\.tool/.test(statuses().at(-1)?.status?.text ?? ""));
    const [call] = runtime().at("time");
    runtime().inject("router", { ...call!, payload: "12:34" });
    const [end] = await runtime().ends("out");
    const text = textOf(runtime().at("out"));
    assert.match(text, /clear/);
    assert.match(text, /12:34/);
    assert.equal((end!["rounds"] as unknown[]).length, 2);
    await eventually(() => Object.keys(statuses().at(-1)?.status ?? {}).length === 0);
  });

  it("reports a tool whose flow is disabled to the model and the author, and a disabled chat-stream to the author", async () => {
    const off = { func: "return msg;", outputs: 1, libs: [], d: true };
    const flow = routerFlow(service().url, {
      router: { wires: [["out", "collect"], ["ask"], ["off"], []] },
      more: [node("function", "off", ["router"], off)],
    });
    await runtime().deploy(flow);
    ask();
    await runtime().ends("out");
    assert.match(textOf(runtime().at("out")), /"get_weather" is not available/);
    const warning = runtime().logs.find(({ id, level }) => id === "router" && level === 30);
    assert.match(String(warning?.msg), /get_weather.*enabled.*output \(3\)/);
    await runtime().deploy(flow.map((one) => (one.id === "ask" ? { ...one, d: true } : one)));
    ask();
    await eventually(() => runtime().at("errors").length === 1);
    assert.match(JSON.stringify(runtime().at("errors")[0]!["error"]), /output 2.*enabled/);
  });

  it("gives a collect node that parses JSON the last turn only, without text before a call", async () => {
    const stream = { responseFormat: "json_object", partial: true };
    const flow = routerFlow(service().url, { stream });
    await runtime().deploy(flow.map((one) => (one.id === "collect" ? { ...one, parse: "json" } : one)));
    const call = callRecords("get_weather", { city: "Paris" });
    service().queue.push(
      (reply) => reply.send("I look.", ...call).finish("tool_calls"),
      (reply) => reply.send("Once more.", ...call).finish("tool_calls"),
      (reply) => reply.say('{"sky":', '"clear"}'),
    );
    ask();
    await eventually(() => runtime().at("finished").length === 1);
    assert.deepEqual(runtime().at("finished")[0]!.payload, { sky: "clear" });
    assert.equal(textOf(runtime().at("out")), 'I look.Once more.{"sky":"clear"}');
  });

  it("runs no tool twice if the connection broke inside the arguments, behind a retry node", async () => {
    service().queue.push(breaksOff, weatherman, breaksOff);
    await runtime().deploy(
      routerFlow(service().url, {
        between: "retry",
        more: [retryNode({ wires: [["router"], ["ask"], []] })],
      }),
    );
    ask();
    await runtime().ends("out");
    const messages = runtime().at("out");
    const from = messages.findLastIndex((message) => message["reset"] === true);
    assert.ok(from >= 0);
    assert.equal(textOf(messages.slice(from + 1)), "Let me look. It is sunny in Paris.");
    await eventually(() => runtime().at("finished").length === 1);
    assert.equal(runtime().at("finished")[0]!.payload, "Let me look. It is sunny in Paris.");
    assert.equal(runtime().at("weather").length, 1);
    assert.equal(streamsOf(messages).length, 1);
    assert.equal(runtime().at("errors").length, 0);
  });

  for (const nodes of ["a retry node", "a retry node and a delta-buffer"])
    it(`resets a later turn alone if it starts over, behind ${nodes}`, async () => {
      const behind = nodes.includes("delta") ? "buffer" : "router";
      let broken = 0;
      service().script = async (reply, request) => {
        const answered = messagesOf(request).some(({ role }) => role === "tool");
        if (!answered || broken++ > 0) return weatherman(reply, request);
        await reply.sendApart("It ", ...(behind === "router" ? callRecords("get_time", {}).slice(0, 2) : []));
        reply.drop();
      };
      await runtime().deploy(
        routerFlow(service().url, {
          between: "retry",
          more: [
            retryNode({ afterText: "restart", wires: [[behind], ["ask"], []] }),
            node("delta-buffer", "buffer", ["router"], { boundary: "sentence" }),
          ],
        }),
      );
      ask();
      const [end] = await runtime().ends("out");
      const messages = runtime().at("out");
      assert.ok(messages.every((message) => message["reset"] === true || !("askedBy" in message)));
      const from = messages.findLastIndex((message) => message["reset"] === true);
      assert.deepEqual(
        messages.slice(from + 1).map(({ parts }) => parts!.index),
        [...messages.slice(from + 1).keys()],
      );
      assert.equal(textOf(messages.slice(from + 1)), "Let me look. It is sunny in Paris.");
      assert.equal(end!.parts!.count, messages.length - from - 1);
      await eventually(() => runtime().at("finished").length === 1);
      assert.equal(runtime().at("finished")[0]!.payload, "Let me look. It is sunny in Paris.");
      assert.equal(runtime().at("weather").length, 1);
    });

  it("repeats a failed turn without running a tool twice, before a retry node", async () => {
    let broken = 0;
    service().script = async (reply, request) => {
      const answered = messagesOf(request).some(({ role }) => role === "tool");
      if (!answered || broken++ > 0) return weatherman(reply, request);
      reply.sendJson(500, {});
    };
    for (const again of ["ask", "router"]) {
      broken = 0;
      runtime().clear();
      answering(runtime(), "weather", sunny);
      await runtime().deploy(
        routerFlow(service().url, {
          after: "retry",
          more: [retryNode({ wires: [["out", "collect"], [again], []] })],
        }),
      );
      ask();
      await eventually(() => runtime().at("finished").length === 1, "it is finished");
      assert.match(String(runtime().at("finished")[0]!.payload), /^Let me look\. .*It is sunny in Paris\.$/);
      assert.equal(runtime().at("weather").length, 1);
      assert.equal(streamsOf(runtime().at("out")).length, 1);
      assert.equal(runtime().at("errors").length, 0);
    }
  });

  it("sends the same text and calls with a delta-buffer before or behind it", async () => {
    const buffer = (to: string) => node("delta-buffer", "buffer", [to], { boundary: "sentence" });
    for (const place of ["between", "after"] as const) {
      runtime().clear();
      answering(runtime(), "weather", sunny);
      const to = place === "between" ? "router" : "collect";
      await runtime().deploy(routerFlow(service().url, { [place]: "buffer", more: [buffer(to)] }));
      ask();
      await eventually(() => runtime().at("finished").length === 1, "it is finished");
      assert.equal(runtime().at("finished")[0]!.payload, "Let me look. It is sunny in Paris.");
      assert.equal(runtime().at("weather").length, 1);
    }
  });

  it("reports a model that never stops calling tools to a Catch node, once, with the conversation", async () => {
    service().script = async (reply) =>
      reply.send(...callRecords("get_weather", { city: "a" })).finish("tool_calls");
    await runtime().deploy(routerFlow(service().url, { router: { maxRounds: 2 } }));
    ask();
    await eventually(() => runtime().at("errors").length === 1);
    await pause();
    const [caught] = runtime().at("errors");
    assert.equal((caught!.error as { code: string }).code, "tool_rounds");
    assert.equal((caught!["request"] as { messages: unknown[] }).messages.length, 5);
    assert.equal(runtime().at("errors").length, 1);
    assert.equal(((await runtime().ends("out"))[0]!.error as FailureData).code, "tool_rounds");
    assert.equal((await runtime().until("unfinished", (messages) => messages.length === 1)).length, 1);
  });

  it("leaves a failure to a retry node behind it", async () => {
    service().script = async (reply) =>
      reply.send(...callRecords("get_weather", { city: "a" })).finish("tool_calls");
    await runtime().deploy(
      routerFlow(service().url, {
        router: { maxRounds: 1 },
        after: "retry",
        more: [retryNode({ wires: [["out"], ["router"], []] })],
      }),
    );
    ask();
    await runtime().ends("out");
    await pause();
    assert.equal(runtime().at("errors").length, 1);
    assert.equal((runtime().at("errors")[0]!.error as { source: { type: string } }).source.type, "retry");
  });

  it("keeps a hundred runs apart, in whatever order their tools answer", async () => {
    const runs = 100;
    runtime().reactions.set("weather", (message) => {
      setTimeout(
        () => runtime().inject("router", { ...message, payload: sunny(message.payload) }),
        Math.random() * 20,
      );
    });
    await runtime().deploy(routerFlow(service().url, { service: { maxConcurrent: 50, maxQueued: 200 } }));
    for (let nth = 0; nth < runs; nth++) ask({ payload: `city ${nth}`, topic: nth });
    await runtime().until("finished", (messages) => messages.length === runs, "all runs");
    for (const { payload, topic } of runtime().at("finished"))
      assert.equal(payload, `Let me look. It is sunny in city ${topic}.`);
    assert.equal(streamsOf(runtime().at("out")).length, runs);
    assert.equal(runtime().at("weather").length, runs);
  });

  it("adds the results of tools to the conversation", async () => {
    await runtime().deploy(routerFlow(service().url, { stream: { conversation: "flow" } }));
    ask({ topic: "t" });
    const [end] = await runtime().ends("out");
    const roles = (end!["conversation"] as { role: string }[]).map(({ role }) => role);
    assert.deepEqual(roles, ["user", "assistant", "tool", "assistant"]);
    ask({ topic: "t", payload: "And Rome" });
    await runtime().ends("out", 2);
    assert.equal(runtime().at("weather").length, 1);
    assert.equal(messagesOf(service().requests.at(-1)!).length, 5);
  });

  it("lists its turns for its own reader, and a later stream does not repeat the list", async () => {
    service().queue.push(weatherman, weatherman, (reply) => reply.say("Il fait beau."));
    await runtime().deploy(
      routerFlow(service().url, {
        after: "buffer",
        more: [
          node("delta-buffer", "buffer", ["whole"], { count: 5 }),
          node("collect", "whole", ["collected"]),
          sink("collected"),
          { ...chatStream({ wires: [["translated"]] }), id: "again" },
          sink("translated"),
        ],
      }),
    );
    runtime().inject("router", { payload: "Paris" });
    const message = (await runtime().until("collected", (messages) => messages.length === 1))[0]!;
    assert.equal((message["rounds"] as unknown[]).length, 2);
    runtime().inject("again", message);
    const [end] = await runtime().ends("translated");
    assert.equal(end!["rounds"], undefined);
  });

  it("works as a tool of another tool-call-router", async () => {
    service().script = async (reply, request) => {
      const messages = messagesOf(request);
      const tools = (request.body["tools"] as { function: { name: string } }[]).map(
        (tool) => tool.function.name,
      );
      const result = messages.findLast(({ role }) => role === "tool");
      if (result) reply.say(`[${String(result.content)}]`);
      else reply.send(...callRecords(tools[0]!, { prompt: "Paris", city: "Paris" })).finish("tool_calls");
    };
    const expert = { name: "ask_expert", parameters: { type: "object" } };
    await runtime().deploy([
      TAB,
      provider(service().url),
      routerNode({ tools: [expert], wires: [["out"], ["ask"], ["inner"]] }),
      chatStream({ wires: [["router"]] }),
      { ...routerNode({ wires: [["collect"], ["ask2"], ["weather"], []] }), id: "inner" },
      { ...chatStream({ wires: [["inner"]] }), id: "ask2" },
      collect({ wires: [["router"], ["router"]] }),
      sink("weather"),
      sink("out"),
    ]);
    runtime().reactions.set("weather", (message) => {
      const { outer, node } = message["toolCall"] as { outer: { node: string; name: string }; node: string };
      assert.deepEqual([node, outer.node, outer.name], ["inner", "router", "ask_expert"]);
      runtime().inject("inner", { ...message, payload: "sunny" });
    });
    ask({ topic: "t" });
    const [end] = await runtime().ends("out");
    assert.equal(textOf(runtime().at("out")), "[[sunny]]");
    assert.ok(!("toolCall" in end!) && !("askedBy" in end!));
    assert.equal(end!["topic"], "t");
  });

  it("ignores a tool's answer to a run from before a redeploy, and leaves nothing behind", async () => {
    runtime().reactions.set("weather", () => {});
    const flow = routerFlow(service().url);
    await runtime().deploy(flow);
    ask();
    await runtime().until("weather", (messages) => messages.length === 1);
    const before = runtime().at("out").length;
    await runtime().deploy(routerFlow(service().url, { router: { maxRounds: 3 } }), "nodes");
    runtime().inject("router", { ...runtime().at("weather")[0]!, payload: "late" });
    await pause();
    assert.equal(service().requests.length, 1);
    assert.equal(runtime().at("out").length, before);
    assert.ok(!runtime().logs.some(({ level, id }) => id === "router" && level <= 30));
  });
});
