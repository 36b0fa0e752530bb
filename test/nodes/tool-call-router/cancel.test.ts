import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createFlowNode, createSinkNode } from "../../support/flows/nodes.js";
import { answerByWeatherTool, answerCalls, createRouterFlow } from "../../support/flows/router.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";
import { createModel, RouterWorld } from "../../support/worlds/router-world.js";

const PARIS = { name: "get_weather", args: { city: "Paris" } };
const id = (message: Message | undefined) => message?.parts?.id;

/** Sends the last message of a stream that its chat-stream has cancelled. */
function endStream(world: RouterWorld, stream: string, index: number): void {
  const { askedBy } = world.requests.at(-1)!;
  const parts = { id: stream, index, count: index + 1, type: "string", ch: "" };
  world.input({ payload: "", parts, askedBy, complete: true, finishReason: "cancelled", usage: null });
}

describe("Cancelling a run", () => {
  it("passes the cancel on by output 2 while the run streams, and ends with the stream's own last message", async () => {
    const world = new RouterWorld(createModel({ texts: ["a", "b"], stalls: "within" }));
    world.input({ payload: "Hi" });
    world.input({ cancel: true, parts: { id: "stream-0", index: 0 } });
    assert.equal(id(world.commands[0]), "stream-0");
    assert.equal(world.ends.length, 0);
    endStream(world, "stream-0", 2);
    assert.equal(world.ends[0]!.finishReason, "cancelled");
    assert.equal(joinPayloads(world.out), "ab");
    assert.equal(world.clock.timerCount, 0);
    assert.equal(world.errors.length, 0);
  });

  it("cancels the stream of a later turn by that stream's own id", () => {
    const world = new RouterWorld(
      createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"], stalls: "within" }),
    );
    world.input({ payload: "Hi" });
    world.input({ cancel: true, parts: { id: "stream-0", index: 0 } });
    assert.equal(id(world.commands[0]), "stream-1");
    endStream(world, "stream-1", 1);
    assert.equal(world.ends.length, 1);
    assert.equal(id(world.ends[0]), "stream-0");
    assert.equal(world.ends[0]!.parts!.count, 3);
  });

  it("ends the run after two seconds with its partial text if the stream does not end", async () => {
    const world = new RouterWorld(createModel({ texts: ["a", "b"], stalls: "within" }));
    world.input({ payload: "Hi", topic: "t" });
    world.input({ cancel: true });
    await world.clock.advance(1_999);
    assert.equal(world.ends.length, 0);
    await world.clock.advance(1);
    const [end] = world.ends;
    assert.equal(end!.finishReason, "cancelled");
    assert.equal(end!.topic, "t");
    assert.deepEqual(end!.parts, { id: "stream-0", index: 2, type: "string", ch: "", count: 3 });
    world.input({ payload: "late", parts: { id: "stream-0", index: 2, type: "string", ch: "" } });
    assert.equal(world.out.length, 3);
    assert.equal(world.clock.timerCount, 0);
  });

  it("cancels a stream that continues later, after a retry node in front has waited", async () => {
    const world = new RouterWorld(createModel({ texts: ["Let "], stalls: "within" }));
    world.input({ payload: "Hi" });
    world.input({ cancel: true });
    await world.clock.advance(2_000);
    const { askedBy } = world.requests[0]!;
    const sentCount = world.out.length;
    const stops = world.commands.length;
    for (const index of [1, 2, 3])
      world.input({ payload: "me", parts: { id: "stream-0", index, type: "string", ch: "" }, askedBy });
    assert.equal(world.out.length, sentCount);
    assert.equal(world.commands.length, stops + 1);
    assert.equal(id(world.commands.at(-1)), "stream-0");
  });

  it("cancels a stream that starts after the cancel message", async () => {
    for (const wait of [0, 5_000]) {
      const world = new RouterWorld(createModel({ texts: ["late"], stalls: "within" }));
      let later = () => {};
      world.changeRequest = (message) => {
        later = () => world.sendStream(message, { texts: ["late"], stalls: "within" });
        return undefined;
      };
      world.input({ payload: "Hi" });
      world.input({ cancel: true });
      await world.clock.advance(wait);
      later();
      assert.equal(id(world.commands[1]), "stream-0");
      await world.clock.advance(5_000);
      assert.equal(world.ends.length, 1);
      assert.equal(world.ends[0]!.finishReason, "cancelled");
      assert.equal(world.done, world.got);
      assert.equal(world.clock.timerCount, 0);
    }
  });

  it("ends the run at once while tools work, and ignores their answers", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS, PARIS] }));
    world.onCall = () => {};
    world.input({ payload: "Hi" });
    world.answer(0, "x");
    world.input({ cancel: true, parts: { id: "stream-0", index: 0 } });
    const [end] = world.ends;
    assert.equal(end!.finishReason, "cancelled");
    assert.ok(!("error" in end!));
    assert.deepEqual(
      (end!["rounds"] as { calls: { outcome: string }[] }[])[0]!.calls.map(({ outcome }) => outcome),
      ["answered", "cancelled"],
    );
    world.answer(1, "y");
    assert.equal(world.requests.length, 1);
    assert.equal(world.warnings.length, 0);
    assert.equal(world.clock.timerCount, 0);
  });

  it("runs no tool if the cancel arrives just after the calls", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }));
    world.onStream = (message) => {
      if (message.complete) world.input({ cancel: true });
      world.input(message);
    };
    world.input({ payload: "Hi" });
    assert.equal(world.calls.length, 0);
    assert.equal(world.ends[0]!.finishReason, "cancelled");
    assert.equal(world.clock.timerCount, 0);
  });

  it("cancels the run of the stream id or the topic, or all runs", () => {
    for (const [command, left, passedOn] of [
      [{ cancel: true, parts: { id: "stream-1", index: 0 } }, ["a", "c"], 0],
      [{ cancel: true, topic: "c" }, ["a", "b"], 0],
      // A reset goes on, so that the chat-stream deletes the conversations of the runs and of the message.
      [{ reset: true, topic: "c" }, ["a", "b"], 2],
      [{ reset: true }, [], 4],
      // An inject node sends an empty topic.
      [{ cancel: true, topic: "" }, [], 0],
      [{ cancel: true, parts: { id: "unknown", index: 0 } }, ["a", "b", "c"], 1],
    ] as const) {
      const world = new RouterWorld(createModel({ texts: ["x"], calls: [PARIS] }));
      world.onCall = () => {};
      for (const topic of ["a", "b", "c"]) world.input({ payload: "Hi", topic });
      world.input(command);
      const ended = world.ends.map(({ topic }) => topic);
      assert.deepEqual(
        ["a", "b", "c"].filter((topic) => !ended.includes(topic)),
        left,
      );
      assert.equal(world.commands.length, passedOn);
      // A command without an id would cancel all streams of the chat-stream.
      assert.ok(world.commands.every((sent) => id(sent) !== undefined));
    }
  });

  it("cancels its own run if a tool's answer has msg.cancel", () => {
    const world = new RouterWorld(createModel({ texts: ["x"], calls: [PARIS] }));
    world.onCall = () => {};
    for (let nth = 0; nth < 3; nth++) world.input({ payload: "Hi", topic: "t" });
    world.answer(1, "", { cancel: true });
    assert.equal(world.ends.length, 1);
    assert.equal(id(world.ends[0]), "stream-1");
  });
});

describe("Cancelling a run in a flow", () => {
  const service = useService();
  const runtime = useRuntime();

  for (const at of ["router", "ask"]) {
    it(`cancels the second turn at the service by the reader's stream id, sent to ${at}`, async () => {
      service().queue.push(answerByWeatherTool, async (reply) => void (await reply.sendApart("It ", "is ")));
      await runtime().deploy(createRouterFlow(service().url));
      answerCalls(runtime(), "weather", () => "sunny");
      runtime().inject("router", { payload: "Paris" });
      await runtime().waitUntil("out", (messages) => joinPayloads(messages).endsWith("It is "));
      const { parts } = runtime().getMessages("out")[0]!;
      runtime().inject(at, { cancel: true, parts: { ...parts! } });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "cancelled");
      await waitUntil(() => service().openStreams === 0, "the connection is closed");
      assert.equal(joinPayloads(runtime().getMessages("out")), "Let me look. It is ");
      assert.equal(runtime().getMessages("errors").length, 0);
    });
  }

  for (const [name, command] of [
    ["the reader's stream id", (id: string) => ({ cancel: true, parts: { id, index: 0 } })],
    ["its topic", () => ({ cancel: true, topic: "a" })],
    ["msg.cancel alone", () => ({ cancel: true })],
  ] as const) {
    it(`ends a run at once whose tool works, if it is cancelled at the chat-stream by ${name}`, async () => {
      service().script = answerByWeatherTool;
      await runtime().deploy(createRouterFlow(service().url, { stream: { conversation: "key" } }));
      const ids: string[] = [];
      for (const topic of ["a", "b"]) {
        runtime().inject("router", { payload: "Paris", topic });
        await runtime().waitUntil("weather", (calls) => calls.at(-1)?.topic === topic);
        ids.push(runtime().getMessages("out").at(-1)!.parts!.id);
      }
      runtime().inject("ask", command(ids[0]!));
      const wanted = name === "msg.cancel alone" ? ids : [ids[0]];
      const ends = await runtime().waitForEnds("out", wanted.length);
      assert.deepEqual(
        ends.map(({ parts, finishReason }) => [parts!.id, finishReason]),
        wanted.map((id) => [id, "cancelled"]),
      );
      await pause();
      assert.equal((await runtime().waitForEnds("out", 1)).length, wanted.length, "others go on");
      runtime().inject("router", { ...runtime().getMessages("weather")[0]!, payload: "late" });
      await pause();
      assert.equal(service().requests.length, 2);
      assert.deepEqual(runtime().getMessages("errors"), []);
    });
  }

  for (const phase of ["streaming", "asked"] as const) {
    it(`cancels by topic while the run is ${phase}, and leaves other topics alone`, async () => {
      service().script = async (reply) => {
        if (phase === "streaming") await reply.sendApart("It ");
      };
      await runtime().deploy(createRouterFlow(service().url));
      for (const topic of ["a", "b"]) runtime().inject("router", { payload: "Paris", topic });
      await waitUntil(() => service().openStreams === 2, "both have started");
      if (phase === "streaming") await runtime().waitUntil("out", (messages) => messages.length === 2);
      runtime().inject("router", { cancel: true, topic: "a" });
      const [end] = await runtime().waitForEnds("out");
      assert.deepEqual([end!.topic, end!.finishReason], ["a", "cancelled"]);
      await waitUntil(() => service().openStreams === 1, "one is closed");
      await pause();
      assert.equal(service().openStreams, 1);
      assert.equal(
        runtime()
          .getMessages("out")
          .filter(({ complete }) => complete).length,
        1,
      );
    });
  }

  for (const command of [{ cancel: true }, { reset: true }, { reset: true, topic: "t" }]) {
    it(`leaves other requests of the same chat-stream alone at ${JSON.stringify(command)}`, async () => {
      service().script = async (reply) => void (await reply.sendApart("It "));
      const rules = [{ t: "eq", v: "t", vt: "str" }, { t: "else" }];
      const split = { property: "topic", propertyType: "msg", rules, outputs: 2, checkall: "false" };
      await runtime().deploy(
        createRouterFlow(service().url, {
          between: "split",
          more: [
            { ...createFlowNode("switch", "split", [], split), wires: [["router"], ["plain"]] },
            createSinkNode("plain"),
          ],
        }),
      );
      runtime().inject("ask", { payload: "Rome", topic: "other" });
      runtime().inject("router", { payload: "Paris", topic: "t" });
      await waitUntil(
        () => runtime().getMessages("out").length + runtime().getMessages("plain").length === 2,
      );
      for (const time of ["while it streams", "when nothing of it runs"]) {
        runtime().inject("router", { ...command });
        const [end] = await runtime().waitForEnds("out");
        assert.equal(end!.finishReason, "cancelled");
        await waitUntil(() => service().openStreams === 1, "one is closed");
        await pause();
        assert.equal(service().openStreams, 1, time);
      }
    });
  }

  it("deletes the conversation at msg.reset, by id or topic, whatever its run is doing", async () => {
    service().script = answerByWeatherTool;
    await runtime().deploy(createRouterFlow(service().url, { stream: { conversation: "flow" } }));
    const say = async (topic: string) => {
      runtime().clearMessages();
      service().queue.push((reply) => reply.say("Hello"));
      runtime().inject("router", { payload: "Hi", topic });
      const [end] = await runtime().waitForEnds("out");
      return (end!["conversation"] as unknown[]).length;
    };
    for (const topic of ["a", "b", "c"]) assert.equal(await say(topic), 2);
    runtime().inject("router", { payload: "Paris", topic: "a" });
    await runtime().waitUntil("weather", (messages) => messages.length === 1);
    const { parts } = runtime().getMessages("out").at(-1)!;
    runtime().inject("router", { reset: true, parts: { ...parts! } });
    runtime().inject("router", { reset: true, topic: "b" });
    await pause();
    assert.deepEqual([await say("a"), await say("b"), await say("c")], [2, 2, 4]);
  });

  it("cancels a stream whose router was redeployed", async () => {
    service().script = (reply) => void reply.send("It ");
    await runtime().deploy(createRouterFlow(service().url));
    runtime().inject("router", { payload: "Paris" });
    await runtime().waitUntil("out", (messages) => messages.length === 1);
    await runtime().deploy(createRouterFlow(service().url, { router: { maxRounds: 3 } }), "nodes");
    assert.equal(service().openStreams, 1);
    const { parts } = runtime().getMessages("out")[0]!;
    const askedBy = [{ kind: "run", node: "router", run: "of the router before", round: 1 }];
    runtime().inject("router", { payload: "is ", parts: { ...parts!, index: 1 }, askedBy });
    await waitUntil(() => service().openStreams === 0, "the connection is closed");
    await pause();
    assert.equal(joinPayloads(runtime().getMessages("out")), "It ");
  });

  it("sends no further request if a tool answers after the cancel", async () => {
    service().script = answerByWeatherTool;
    await runtime().deploy(createRouterFlow(service().url));
    runtime().inject("router", { payload: "Paris" });
    await runtime().waitUntil("weather", (messages) => messages.length === 1);
    runtime().inject("router", { cancel: true });
    await runtime().waitForEnds("out");
    runtime().inject("router", { ...runtime().getMessages("weather")[0]!, payload: "late" });
    await pause();
    assert.equal(service().requests.length, 1);
  });
});
