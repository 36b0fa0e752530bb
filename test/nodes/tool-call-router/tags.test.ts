import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createFlowNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import {
  answerByWeatherTool,
  answerCalls,
  createCallChunks,
  createRouterFlow,
  createRouterNode,
  readRequestMessages,
} from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";
import { createModel, RouterWorld, TIME, WEATHER } from "../../support/worlds/router-world.js";

const PARIS = { name: "get_weather", args: { city: "Paris" } };

describe("Tags on the messages of a run", () => {
  it("ignores a second stream of an earlier turn, whatever the run is doing", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { stalls: "before" }));
    world.onCall = () => {};
    let first: Message = {};
    world.changeRequest = (message) => {
      first = structuredClone(message);
      world.changeRequest = (next) => next;
      return message;
    };
    world.input({ payload: "Go" });
    const again = () => world.sendStream(structuredClone(first), { texts: ["x"], calls: [PARIS] });
    again();
    world.answer(0, "ok");
    again();
    assert.equal(joinPayloads(world.out), "a");
    assert.equal(world.calls.length, 1);
    world.sendStream(world.requests[1]!, { texts: ["b"] });
    assert.equal(joinPayloads(world.out), "ab");
    assert.equal(world.ends.length, 1);
  });

  it("keeps the run unchanged if a flow changes the next request", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }, { texts: ["b"], stalls: "within" }));
    world.changeRequest = (message) => {
      (message["messages"] as ChatMessage[] | undefined)?.push({ role: "user", content: "and more" });
      return message;
    };
    world.input({ payload: "Go" });
    world.onCall = () => {};
    world.input({ cancel: true, parts: { id: "stream-0", index: 0 } });
    void world.clock.jump(3_000);
    const { messages } = world.ends[0]!.request as { messages: unknown[] };
    assert.equal(messages.length, 3);
  });

  it("sends the arguments twice, so that a tool may change its payload", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS] }));
    world.onCall = ({ payload }) => {
      (payload as { city: string }).city = "changed";
    };
    world.input({ payload: "Go" });
    const { toolCall } = world.calls[0]!.message as { toolCall: { arguments: unknown } };
    assert.deepEqual(toolCall.arguments, { city: "Paris" });
  });

  it("keeps the tag of an outer router for that router", () => {
    const outer = { kind: "run", node: "another", run: "r", round: 2, stream: "s" };
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }));
    world.nodes.set("another", { id: "another", type: "tool-call-router" });
    world.input({ payload: "Go", askedBy: [outer] });
    assert.deepEqual((world.requests.at(-1)!["askedBy"] as unknown[])[0], outer);
    assert.ok(world.out.every(({ askedBy }) => JSON.stringify(askedBy) === JSON.stringify([outer])));
    assert.ok(!("askedBy" in world.calls[0]!.message));
    assert.equal(world.ends.length, 1);
  });

  it("leaves a stream to the router that asked for it, and takes the stream if that router is gone", async () => {
    const world = new RouterWorld(createModel({}));
    const another: Message = {
      payload: "Hi",
      askedBy: [{ kind: "run", node: "another", run: "r", round: 1 }],
    };
    world.nodes.set("another", { id: "another", type: "tool-call-router" });
    world.onStream = (message) => {
      world.input(message);
      world.nodes.delete("another");
    };
    world.sendStream(another, { texts: ["a", "b"] });
    await world.clock.advance(10_000);
    assert.deepEqual(world.out, []);
    world.sendStream(another, { texts: ["c", "d"] });
    assert.equal(joinPayloads(world.out), "cd");
    assert.equal(world.ends.length, 1);
    assert.match(world.warnings.at(-1)!, /no longer exists/);
  });

  it("keeps the tag of an outer retry node, but not for tools and without the continuation of the last turn", () => {
    const retry = {
      kind: "retry",
      node: "retry",
      stream: "s",
      attempt: 2,
      continues: { added: 1, echo: "" },
    };
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }));
    world.input({ payload: "Go", askedBy: [retry] });
    assert.ok(!("askedBy" in world.calls[0]!.message));
    assert.deepEqual((world.requests[1]!["askedBy"] as unknown[])[0], { ...retry, continues: undefined });
    assert.ok(world.out.every(({ askedBy }) => (askedBy as unknown[]).length === 1));
  });
});

describe("The next turn of a run at its chat-stream", () => {
  const service = useService();
  const runtime = useRuntime();
  const ask = (payload: string) => runtime().inject("router", { payload, topic: "t" });

  it("does not replace a question that was asked after the run started", async () => {
    service().script = answerByWeatherTool;
    await runtime().deploy(
      createRouterFlow(service().url, { stream: { whenBusy: "replace", conversation: "flow" } }),
    );
    ask("Paris");
    await runtime().waitUntil("weather", (messages) => messages.length === 1);
    service().script = (reply) => void reply.send("Newer");
    ask("Rome");
    await runtime().waitUntil("out", (messages) => joinPayloads(messages).endsWith("Newer"));
    runtime().inject("router", { ...runtime().getMessages("weather")[0]!, payload: "sunny" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.finishReason, "cancelled");
    assert.equal(end!.parts!.id, runtime().getMessages("out")[0]!.parts!.id);
    await pause();
    assert.equal(service().openStreams, 1);
    assert.equal(
      runtime()
        .getMessages("out")
        .filter(({ complete }) => complete).length,
      1,
    );
  });

  it("adds the turn of a run behind turns that were added to the conversation meanwhile", async () => {
    service().queue.push(answerByWeatherTool, (reply) => reply.say("Hello"), answerByWeatherTool);
    await runtime().deploy(createRouterFlow(service().url, { stream: { conversation: "flow" } }));
    ask("Before");
    await runtime().waitUntil("weather", (messages) => messages.length === 1);
    ask("Meanwhile");
    await runtime().waitForEnds("out");
    runtime().inject("router", { ...runtime().getMessages("weather")[0]!, payload: "sunny" });
    const [, end] = await runtime().waitForEnds("out", 2);
    const entries = (end!["conversation"] as ChatMessage[]).map(({ role, content }) => `${role}: ${content}`);
    assert.deepEqual(entries, [
      "user: Meanwhile",
      "assistant: Hello",
      "user: Before",
      "assistant: Let me look. ",
      "tool: sunny",
      "assistant: It is sunny.",
    ]);
  });
});

describe("Two tool-call-routers", () => {
  const service = useService();
  const runtime = useRuntime();
  const calls: Script = (reply) => {
    reply.send(...createCallChunks("get_weather", { city: "Paris" })).finish("tool_calls");
  };
  const flow = (first: string[][], second: string[][], stream: string[]) => [
    TAB,
    createProviderNode(service().url),
    createChatStreamNode({ wires: [stream] }),
    createRouterNode({ wires: [...first, ["weather"]], tools: [WEATHER], maxRounds: 1 }),
    createFlowNode("tool-call-router", "second", [], {
      wires: [...second, ["time"]],
      tools: [TIME],
      maxRounds: 1,
    }),
    ...["out", "other", "weather", "time"].map(createSinkNode),
    ...createWitnessNodes("ask", "router", "second"),
  ];
  const warnings = () => runtime().logs.filter(({ level, id }) => level === 30 && id !== undefined);

  it("keeps streams, limits and readers of two routers apart on one chat-stream", async () => {
    service().script = calls;
    await runtime().deploy(flow([["out"], ["ask"]], [["other"], ["ask"]], ["router", "second"]));
    answerCalls(runtime(), "weather", () => "sunny");
    runtime().inject("router", { payload: "Paris" });
    const [end] = await runtime().waitForEnds("out");
    assert.equal((end!.error as { code: string }).code, "tool_rounds");
    service().script = (reply) => reply.say("Noon.");
    runtime().inject("second", { payload: "When?" });
    await runtime().waitForEnds("other");
    await pause();
    assert.equal(service().requests.length, 3);
    assert.equal(runtime().getMessages("weather").length, 1);
    assert.deepEqual(
      [joinPayloads(runtime().getMessages("out")), joinPayloads(runtime().getMessages("other"))],
      ["", "Noon."],
    );
    assert.deepEqual(
      warnings().map(({ id }) => id),
      ["second", "router"],
    );
  });

  it("lets two routers answer each its own calls one after the other, even if the first stream went on as one message", async () => {
    service().script = (reply) => reply.say("Hello");
    await runtime().deploy([
      ...flow([["out"], ["ask"]], [["other"], ["later"]], ["router", "collect"]),
      createCollectNode({ wires: [["finished", "later"], []] }),
      createSinkNode("finished"),
      { ...createChatStreamNode({ wires: [["second"]] }), id: "later" },
    ]);
    runtime().inject("router", { payload: "Paris" });
    const [end] = await runtime().waitForEnds("other");
    assert.equal(end!.finishReason, "stop");
    assert.equal(joinPayloads(runtime().getMessages("other")), "Hello");
    assert.deepEqual(warnings(), []);
  });

  it("takes the streams of a router that is gone, with one warning", async () => {
    service().script = (reply) => reply.say("Hello");
    await runtime().deploy(flow([["out"], ["ask"]], [["other"], ["ask"]], ["second"]));
    runtime().inject("ask", { payload: "Hi", askedBy: [{ kind: "run", node: "gone", run: "r", round: 1 }] });
    const [end] = await runtime().waitForEnds("other");
    assert.equal(end!.finishReason, "stop");
    assert.ok(
      runtime()
        .getMessages("other")
        .every((message) => !("askedBy" in message)),
    );
    assert.deepEqual(
      warnings().map(({ id }) => id),
      ["second"],
    );
  });

  it("lets two routers answer each its own calls one behind the other, whichever was asked", async () => {
    service().script = (reply, { body }) => {
      const result = readRequestMessages({ body }).findLast(({ role }) => role === "tool");
      if (result) reply.say(String(result.content));
      else {
        const [tool] = body["tools"] as { function: { name: string } }[];
        reply.send(...createCallChunks(tool!.function.name, { city: "Paris" })).finish("tool_calls");
      }
    };
    await runtime().deploy(flow([["second"], ["ask"]], [["out"], ["ask"]], ["router"]));
    for (const [entry, tool] of [
      ["router", "weather"],
      ["second", "time"],
    ] as const) {
      runtime().clearMessages();
      runtime().reactions.set(tool, (message) => runtime().inject(entry, { ...message, payload: tool }));
      runtime().inject(entry, { payload: "Paris" });
      await runtime().waitForEnds("out");
      await pause();
      assert.equal(joinPayloads(runtime().getMessages("out")), tool);
      assert.equal(
        runtime()
          .getMessages("out")
          .filter(({ complete }) => complete).length,
        1,
      );
    }
    assert.equal(warnings().length, 0);
  });

  it("refuses a request that two routers send to each other, without a loop", async () => {
    await runtime().deploy(flow([["out"], ["second"]], [["other"], ["router"]], []));
    runtime().inject("router", { payload: "Paris" });
    const [end] = await runtime().waitForEnds("out");
    assert.match((end!.error as { message: string }).message, /came back to it unanswered/);
    await pause();
    assert.equal(runtime().inputs.get("second")!.got, 1);
  });

  it("refuses a stream that returns as one message, without a loop", async () => {
    service().script = (reply) => reply.say("Hello");
    for (const streams of [["collect"], ["router", "collect"]]) {
      await runtime().deploy([
        ...flow([["out"], ["second"]], [["other"], ["ask"]], streams),
        createCollectNode({ wires: [["router"], []] }),
      ]);
      const before = service().requests.length;
      runtime().inject("router", { payload: "Paris" });
      await waitUntil(() => runtime().getMessages("errors").length > 0);
      await pause();
      assert.match(JSON.stringify(runtime().getMessages("errors").at(-1)), /came back to it unanswered/);
      assert.equal(service().requests.length, before + 1);
      runtime().clearMessages();
    }
  });
});
