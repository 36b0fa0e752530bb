import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { groupByStream, joinPayloads, waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import { type TestFlow, useHelper } from "../../support/runtime/use-helper.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

describe("Cancelling a stream", () => {
  const load = useHelper();
  const service = useService();

  /** Answers start and never end. */
  beforeEach(() => {
    service().script = (reply) => void reply.send("half");
  });

  async function startStreams(flow: TestFlow, ...messages: Message[]): Promise<string[]> {
    for (const message of messages) flow.inject("ask", message);
    const out = flow.getInbox("out");
    await out.waitUntil((all) => groupByStream(all).length >= messages.length, "all streams to begin");
    return groupByStream(out.messages).map(([first]) => first!.parts!.id);
  }

  it("ends the stream with its text and finishReason cancelled, without an error, and closes the connection", async () => {
    const flow = await load(createAskFlow(service().url));
    await startStreams(flow, { payload: "A" });
    flow.inject("ask", { cancel: true });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(last.error, undefined);
    assert.equal(last.parts!.count, 2);
    assert.equal(joinPayloads(flow.getInbox("out").messages), "half");
    await service().requests[0]!.gone;
    await pause();
    assert.equal(flow.getInbox("errors").size, 0);
    assert.equal(flow.getInbox("completed").size, 2);
  });

  it("cancels whatever the value of msg.cancel is, as in core", async () => {
    for (const value of [false, "", 0, null, undefined]) {
      const flow = await load(createAskFlow(service().url));
      await startStreams(flow, { payload: "A" });
      flow.inject("ask", { cancel: value });
      assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "cancelled");
    }
  });

  it("cancels the one stream that parts.id names", async () => {
    const flow = await load(createAskFlow(service().url));
    const [, second] = await startStreams(flow, { payload: "A" }, { payload: "B" });
    flow.inject("ask", { cancel: true, parts: { id: second!, index: 0 } });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.parts!.id, second);
    await pause();
    assert.equal(service().openStreams, 1);
  });

  it("cancels the streams of one conversation by its key", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await startStreams(
      flow,
      { payload: "A", topic: "one" },
      { payload: "B", topic: "one" },
      { payload: "C", topic: "two" },
    );
    flow.inject("ask", { cancel: true, topic: "one" });
    const lasts = await waitForEnds(flow.getInbox("out"), 2);
    assert.deepEqual(
      lasts.map(({ topic }) => topic),
      ["one", "one"],
    );
    await pause();
    assert.equal(service().openStreams, 1);
  });

  it("cancels all streams of the node if the message names none", async () => {
    for (const settings of [{}, { conversation: "flow" }]) {
      const flow = await load(createAskFlow(service().url, settings));
      await startStreams(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
      flow.inject("ask", { cancel: true });
      await waitForEnds(flow.getInbox("out"), 2);
    }
  });

  it("cancels by key without a conversation if the author sets a key", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "key" }));
    await startStreams(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
    flow.inject("ask", { cancel: true, topic: "one" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.topic, "one");
    assert.ok(!("conversation" in last));
    await pause();
    assert.equal(service().openStreams, 1);
  });

  it("cancels all streams of a node without a key, whatever msg.topic is", async () => {
    const flow = await load(createAskFlow(service().url));
    await startStreams(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
    flow.inject("ask", { cancel: true, topic: "a button" });
    await waitForEnds(flow.getInbox("out"), 2);
  });

  it("cancels all streams without the key that a question must have, and one stream by its id", async () => {
    const flow = await load(
      createAskFlow(service().url, { conversation: "flow", conversationKey: "user.id" }),
    );
    const [first] = await startStreams(flow, ...[1, 2, 3].map((id) => ({ payload: "A", user: { id } })));
    flow.inject("ask", { cancel: true, parts: { id: first!, index: 0 } });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.parts!.id, first);
    flow.inject("ask", { cancel: true });
    await waitForEnds(flow.getInbox("out"), 3);
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("cancels no other stream if the one it names has ended", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await startStreams(flow, { payload: "A", topic: "one" });
    flow.inject("ask", { cancel: true, topic: "one", parts: { id: "long gone", index: 0 } });
    await pause();
    assert.equal(service().openStreams, 1);
    assert.equal(flow.getInbox("out").size, 1);
  });

  it("sends nothing to the service if cancelled before the connection, and ends the stream once", async () => {
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "A" });
    flow.inject("ask", { cancel: true });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(last.parts!.index, 0);
    assert.equal(last.parts!.count, 1);
    await pause();
    assert.equal(flow.getInbox("out").size, 1);
    assert.equal(service().openStreams, 0);
  });

  it("closes the connection if cancelled before the service answers", async () => {
    service().script = () => {};
    const flow = await load(createAskFlow(service().url));
    flow.inject("ask", { payload: "A" });
    const request = await service().waitForRequests(1);
    flow.inject("ask", { cancel: true });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "cancelled");
    await request.gone;
  });

  it("does nothing the second time, and nothing after the end", async () => {
    const flow = await load(createAskFlow(service().url));
    const [id] = await startStreams(flow, { payload: "A" });
    const cancel = () => flow.inject("ask", { cancel: true, parts: { id: id!, index: 0 } });
    cancel();
    cancel();
    await waitForEnd(flow.getInbox("out"));
    cancel();
    flow.inject("ask", { cancel: true });
    await pause();
    assert.equal((await waitForEnds(flow.getInbox("out"))).length, 1);
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("leaves the node ready for the next message", async () => {
    const flow = await load(createAskFlow(service().url));
    await startStreams(flow, { payload: "A" });
    flow.inject("ask", { cancel: true });
    await waitForEnd(flow.getInbox("out"));
    service().script = (reply) => reply.say("whole");
    flow.inject("ask", { payload: "B" });
    const [, second] = await waitForEnds(flow.getInbox("out"), 2);
    assert.equal(second!.finishReason, "stop");
  });

  it("cancels by msg.reset too", async () => {
    const flow = await load(createAskFlow(service().url));
    await startStreams(flow, { payload: "A" });
    flow.inject("ask", { reset: true });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "cancelled");
  });
});

describe("A message that arrives while another stream runs", () => {
  const load = useHelper();
  const service = useService();
  let open: Reply[];
  beforeEach(() => {
    open = [];
    service().script = (reply) => {
      open.push(reply.send("half"));
    };
  });

  function askAll(flow: TestFlow, ...messages: Message[]): void {
    for (const message of messages) flow.inject("ask", message);
  }

  /** Waits for that many requests and checks that no more follow. */
  async function waitForOpen(count: number): Promise<void> {
    await waitUntil(() => open.length >= count, `${count} requests have come`);
    await pause();
    assert.equal(open.length, count);
  }

  function requestedPrompts(): string[] {
    return service().requests.map(({ body }) => (body["messages"] as { content: string }[])[0]!.content);
  }

  it("runs beside the other stream, each with its own id", async () => {
    const flow = await load(createAskFlow(service().url));
    askAll(flow, { payload: "A" }, { payload: "B" });
    await waitForOpen(2);
    for (const reply of open) reply.say(" whole");
    await waitForEnds(flow.getInbox("out"), 2);
    const streams = groupByStream(flow.getInbox("out").messages);
    assert.deepEqual(streams.map(joinPayloads), ["half whole", "half whole"]);
  });

  it("starts a stream of its own even if it is the very same object", async () => {
    service().script = (reply) => reply.say("Hello");
    const flow = await load(createAskFlow(service().url));
    const message = { payload: "A", parts: { id: "given", index: 0 } };
    flow.inject("ask", message);
    flow.inject("ask", message);
    await waitForEnds(flow.getInbox("out"), 2);
    const ids = groupByStream(flow.getInbox("out").messages).map(([first]) => first!.parts!.id);
    assert.equal(new Set(ids).size, 2);
    assert.ok(!ids.includes("given"));
  });

  it("waits for its turn in order of arrival if whenBusy is wait", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "wait" }));
    askAll(flow, { payload: "A" }, { payload: "B" }, { payload: "C" });
    for (const count of [1, 2, 3]) {
      await waitForOpen(count);
      open.at(-1)!.say();
      await waitForEnds(flow.getInbox("out"), count);
    }
    assert.deepEqual(requestedPrompts(), ["A", "B", "C"]);
  });

  it("waits only for streams of its own conversation", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "wait", conversation: "flow" }));
    askAll(
      flow,
      { payload: "A", topic: "one" },
      { payload: "B", topic: "one" },
      { payload: "C", topic: "two" },
    );
    await waitForOpen(2);
    open[0]!.say();
    await waitForEnds(flow.getInbox("out"));
    await waitForOpen(3);
    const history = service().requests[2]!.body["messages"] as unknown[];
    assert.equal(history.length, 3);
  });

  it("stops waiting if the stream before it fails or is cancelled", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "wait" }));
    askAll(flow, { payload: "A" }, { payload: "" }, { payload: "C" }, { payload: "D" });
    await waitForOpen(1);
    open[0]!.drop();
    await waitForEnds(flow.getInbox("out"), 2);
    await waitForOpen(2);
    const running = groupByStream(flow.getInbox("out").messages).at(-1)![0]!.parts!;
    flow.inject("ask", { cancel: true, parts: running });
    await waitForEnds(flow.getInbox("out"), 3);
    await waitForOpen(3);
  });

  it("leaves the queue if it is cancelled: it never connects, and the next one moves up", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "wait" }));
    askAll(flow, { payload: "A" }, { payload: "B" });
    await waitForOpen(1);
    flow.inject("ask", { cancel: true });
    const lasts = await waitForEnds(flow.getInbox("out"), 2);
    assert.ok(lasts.every(({ finishReason }) => finishReason === "cancelled"));
    askAll(flow, { payload: "C" });
    await waitForOpen(2);
    assert.deepEqual(requestedPrompts(), ["A", "C"]);
  });

  it("replaces the running stream of its own conversation only, if whenBusy is replace", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "replace", conversation: "flow" }));
    askAll(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
    await waitForOpen(2);
    askAll(flow, { payload: "B", topic: "one" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(last.topic, "one");
    await waitForOpen(3);
    open[2]!.say("!");
    const [, second] = await waitForEnds(flow.getInbox("out"), 2);
    assert.deepEqual(second!.conversation, [
      { role: "user", content: "B" },
      { role: "assistant", content: "half!" },
    ]);
    assert.equal(service().openStreams, 1);
  });

  it("replaces nothing if it is not a valid request; the newest valid one stays", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "replace", promptType: "jsonata" }));
    askAll(flow, { payload: "A" });
    await waitForOpen(1);
    askAll(flow, { payload: "" });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "error");
    open[0]!.say();
    const [, first] = await waitForEnds(flow.getInbox("out"), 2);
    assert.equal(first!.finishReason, "stop");
    askAll(flow, { payload: "B" }, { payload: "C" }, { payload: "" });
    await waitUntil(() => requestedPrompts().includes("C"), "the newest is asked");
    open.at(-1)!.say();
    const reasons = (await waitForEnds(flow.getInbox("out"), 5)).map(({ finishReason }) => finishReason);
    assert.deepEqual(reasons.sort(), ["cancelled", "error", "error", "stop", "stop"]);
  });

  it("replaces all messages before it if many arrive at once", async () => {
    const flow = await load(createAskFlow(service().url, { whenBusy: "replace" }));
    askAll(flow, ...Array.from({ length: 20 }, (_, at) => ({ payload: `${at}` })));
    await waitForEnds(flow.getInbox("out"), 19);
    await waitUntil(() => requestedPrompts().includes("19"), "the last one is asked");
    open[requestedPrompts().indexOf("19")]!.say();
    const lasts = await waitForEnds(flow.getInbox("out"), 20);
    assert.equal(lasts.filter(({ finishReason }) => finishReason === "stop").length, 1);
  });
});
