import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { askFlow } from "../../support/runtime/flows.js";
import { type TestFlow, useHelper } from "../../support/runtime/helper.js";
import { end, ends, eventually, pause, streamsOf, textOf } from "../../support/runtime/inbox.js";
import type { Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

describe("Stopping a stream", () => {
  const load = useHelper();
  const service = useService();

  /** Answers that begin and go on for ever. */
  beforeEach(() => {
    service().script = (reply) => void reply.send("half");
  });

  async function streaming(flow: TestFlow, ...messages: Message[]): Promise<string[]> {
    for (const message of messages) flow.inject("ask", message);
    const out = flow.inbox("out");
    await out.until((all) => streamsOf(all).length >= messages.length, "all streams to begin");
    return streamsOf(out.messages).map(([first]) => first!.parts!.id);
  }

  it("keeps what it said, ends with cancelled, is no error, and closes the connection", async () => {
    const flow = await load(askFlow(service().url));
    await streaming(flow, { payload: "A" });
    flow.inject("ask", { cancel: true });
    const last = await end(flow.inbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(last.error, undefined);
    assert.equal(last.parts!.count, 2);
    assert.equal(textOf(flow.inbox("out").messages), "half");
    await service().requests[0]!.gone;
    await pause();
    assert.equal(flow.inbox("errors").size, 0);
    assert.equal(flow.inbox("completed").size, 2);
  });

  it("goes by presence, as in core: whatever the value", async () => {
    for (const value of [false, "", 0, null, undefined]) {
      const flow = await load(askFlow(service().url));
      await streaming(flow, { payload: "A" });
      flow.inject("ask", { cancel: value });
      assert.equal((await end(flow.inbox("out"))).finishReason, "cancelled");
    }
  });

  it("works by parts.id on that one stream", async () => {
    const flow = await load(askFlow(service().url));
    const [, second] = await streaming(flow, { payload: "A" }, { payload: "B" });
    flow.inject("ask", { cancel: true, parts: { id: second!, index: 0 } });
    const last = await end(flow.inbox("out"));
    assert.equal(last.parts!.id, second);
    await pause();
    assert.equal(service().openStreams, 1);
  });

  it("works by the conversation's key on the streams of that conversation", async () => {
    const flow = await load(askFlow(service().url, { conversation: "flow" }));
    await streaming(
      flow,
      { payload: "A", topic: "one" },
      { payload: "B", topic: "one" },
      { payload: "C", topic: "two" },
    );
    flow.inject("ask", { cancel: true, topic: "one" });
    const lasts = await ends(flow.inbox("out"), 2);
    assert.deepEqual(
      lasts.map(({ topic }) => topic),
      ["one", "one"],
    );
    await pause();
    assert.equal(service().openStreams, 1);
  });

  it("works on all streams of the node where it names none", async () => {
    for (const settings of [{}, { conversation: "flow" }]) {
      const flow = await load(askFlow(service().url, settings));
      await streaming(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
      flow.inject("ask", { cancel: true });
      await ends(flow.inbox("out"), 2);
    }
  });

  it("works by a key without a conversation too, where the author wants one", async () => {
    const flow = await load(askFlow(service().url, { conversation: "key" }));
    await streaming(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
    flow.inject("ask", { cancel: true, topic: "one" });
    const last = await end(flow.inbox("out"));
    assert.equal(last.topic, "one");
    assert.ok(!("conversation" in last));
    await pause();
    assert.equal(service().openStreams, 1);
  });

  it("works on all streams of a node that has no key, whatever its topic", async () => {
    const flow = await load(askFlow(service().url));
    await streaming(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
    flow.inject("ask", { cancel: true, topic: "a button" });
    await ends(flow.inbox("out"), 2);
  });

  it("means all streams where it lacks the key that a question must have, and one where it names that", async () => {
    const flow = await load(askFlow(service().url, { conversation: "flow", conversationKey: "user.id" }));
    const [first] = await streaming(flow, ...[1, 2, 3].map((id) => ({ payload: "A", user: { id } })));
    flow.inject("ask", { cancel: true, parts: { id: first!, index: 0 } });
    const last = await end(flow.inbox("out"));
    assert.equal(last.parts!.id, first);
    flow.inject("ask", { cancel: true });
    await ends(flow.inbox("out"), 3);
    assert.equal(flow.inbox("errors").size, 0);
  });

  it("does nothing to others where the stream it names has ended", async () => {
    const flow = await load(askFlow(service().url, { conversation: "flow" }));
    await streaming(flow, { payload: "A", topic: "one" });
    flow.inject("ask", { cancel: true, topic: "one", parts: { id: "long gone", index: 0 } });
    await pause();
    assert.equal(service().openStreams, 1);
    assert.equal(flow.inbox("out").size, 1);
  });

  it("before the connection stands sends nothing to the service, and the stream ends once", async () => {
    const flow = await load(askFlow(service().url));
    flow.inject("ask", { payload: "A" });
    flow.inject("ask", { cancel: true });
    const last = await end(flow.inbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(last.parts!.index, 0);
    assert.equal(last.parts!.count, 1);
    await pause();
    assert.equal(flow.inbox("out").size, 1);
    assert.equal(service().openStreams, 0);
  });

  it("while the service has not begun to answer closes the connection", async () => {
    service().script = () => {};
    const flow = await load(askFlow(service().url));
    flow.inject("ask", { payload: "A" });
    const request = await service().waitForRequests(1);
    flow.inject("ask", { cancel: true });
    assert.equal((await end(flow.inbox("out"))).finishReason, "cancelled");
    await request.gone;
  });

  it("twice is once, and after the end is nothing", async () => {
    const flow = await load(askFlow(service().url));
    const [id] = await streaming(flow, { payload: "A" });
    const cancel = () => flow.inject("ask", { cancel: true, parts: { id: id!, index: 0 } });
    cancel();
    cancel();
    await end(flow.inbox("out"));
    cancel();
    flow.inject("ask", { cancel: true });
    await pause();
    assert.equal((await ends(flow.inbox("out"))).length, 1);
    assert.equal(flow.inbox("errors").size, 0);
  });

  it("leaves the node ready for the next message", async () => {
    const flow = await load(askFlow(service().url));
    await streaming(flow, { payload: "A" });
    flow.inject("ask", { cancel: true });
    await end(flow.inbox("out"));
    service().script = (reply) => reply.say("whole");
    flow.inject("ask", { payload: "B" });
    const [, second] = await ends(flow.inbox("out"), 2);
    assert.equal(second!.finishReason, "stop");
  });

  it("works also by msg.reset", async () => {
    const flow = await load(askFlow(service().url));
    await streaming(flow, { payload: "A" });
    flow.inject("ask", { reset: true });
    assert.equal((await end(flow.inbox("out"))).finishReason, "cancelled");
  });
});

describe("A message that arrives while one streams", () => {
  const load = useHelper();
  const service = useService();
  let open: Reply[];
  beforeEach(() => {
    open = [];
    service().script = (reply) => {
      open.push(reply.send("half"));
    };
  });

  function asks(flow: TestFlow, ...messages: Message[]): void {
    for (const message of messages) flow.inject("ask", message);
  }

  /** Waits for so many requests, and whether there are more. */
  async function opened(count: number): Promise<void> {
    await eventually(() => open.length >= count, `${count} requests have come`);
    await pause();
    assert.equal(open.length, count);
  }

  function asked(): string[] {
    return service().requests.map(({ body }) => (body["messages"] as { content: string }[])[0]!.content);
  }

  it("runs beside it, each stream with its own id", async () => {
    const flow = await load(askFlow(service().url));
    asks(flow, { payload: "A" }, { payload: "B" });
    await opened(2);
    for (const reply of open) reply.say(" whole");
    await ends(flow.inbox("out"), 2);
    const streams = streamsOf(flow.inbox("out").messages);
    assert.deepEqual(streams.map(textOf), ["half whole", "half whole"]);
  });

  it("may be the very same object: it is a stream of its own all the same", async () => {
    service().script = (reply) => reply.say("Hello");
    const flow = await load(askFlow(service().url));
    const message = { payload: "A", parts: { id: "given", index: 0 } };
    flow.inject("ask", message);
    flow.inject("ask", message);
    await ends(flow.inbox("out"), 2);
    const ids = streamsOf(flow.inbox("out").messages).map(([first]) => first!.parts!.id);
    assert.equal(new Set(ids).size, 2);
    assert.ok(!ids.includes("given"));
  });

  it("waits its turn where the author wants so, in order of arrival", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "wait" }));
    asks(flow, { payload: "A" }, { payload: "B" }, { payload: "C" });
    for (const count of [1, 2, 3]) {
      await opened(count);
      open.at(-1)!.say();
      await ends(flow.inbox("out"), count);
    }
    assert.deepEqual(asked(), ["A", "B", "C"]);
  });

  it("waits only for its own conversation", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "wait", conversation: "flow" }));
    asks(
      flow,
      { payload: "A", topic: "one" },
      { payload: "B", topic: "one" },
      { payload: "C", topic: "two" },
    );
    await opened(2);
    open[0]!.say();
    await ends(flow.inbox("out"));
    await opened(3);
    const history = service().requests[2]!.body["messages"] as unknown[];
    assert.equal(history.length, 3);
  });

  it("waits no longer when the one before fails or is cancelled", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "wait" }));
    asks(flow, { payload: "A" }, { payload: "" }, { payload: "C" }, { payload: "D" });
    await opened(1);
    open[0]!.drop();
    await ends(flow.inbox("out"), 2);
    await opened(2);
    const running = streamsOf(flow.inbox("out").messages).at(-1)![0]!.parts!;
    flow.inject("ask", { cancel: true, parts: running });
    await ends(flow.inbox("out"), 3);
    await opened(3);
  });

  it("leaves the line when it is cancelled: it never connects, and the next moves up", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "wait" }));
    asks(flow, { payload: "A" }, { payload: "B" });
    await opened(1);
    flow.inject("ask", { cancel: true });
    const lasts = await ends(flow.inbox("out"), 2);
    assert.ok(lasts.every(({ finishReason }) => finishReason === "cancelled"));
    asks(flow, { payload: "C" });
    await opened(2);
    assert.deepEqual(asked(), ["A", "C"]);
  });

  it("replaces it where the author wants so, in its own conversation only", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "replace", conversation: "flow" }));
    asks(flow, { payload: "A", topic: "one" }, { payload: "C", topic: "two" });
    await opened(2);
    asks(flow, { payload: "B", topic: "one" });
    const last = await end(flow.inbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(last.topic, "one");
    await opened(3);
    open[2]!.say("!");
    const [, second] = await ends(flow.inbox("out"), 2);
    assert.deepEqual(second!.conversation, [
      { role: "user", content: "B" },
      { role: "assistant", content: "half!" },
    ]);
    assert.equal(service().openStreams, 1);
  });

  it("replaces nothing where it is none: the running stream goes on, and the newest that can be asked is left", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "replace", promptType: "jsonata" }));
    asks(flow, { payload: "A" });
    await opened(1);
    asks(flow, { payload: "" });
    assert.equal((await end(flow.inbox("out"))).finishReason, "error");
    open[0]!.say();
    const [, first] = await ends(flow.inbox("out"), 2);
    assert.equal(first!.finishReason, "stop");
    asks(flow, { payload: "B" }, { payload: "C" }, { payload: "" });
    await eventually(() => asked().includes("C"), "the newest is asked");
    open.at(-1)!.say();
    const reasons = (await ends(flow.inbox("out"), 5)).map(({ finishReason }) => finishReason);
    assert.deepEqual(reasons.sort(), ["cancelled", "error", "error", "stop", "stop"]);
  });

  it("replaces all before it when many come at once: the last one is left", async () => {
    const flow = await load(askFlow(service().url, { whenBusy: "replace" }));
    asks(flow, ...Array.from({ length: 20 }, (_, at) => ({ payload: `${at}` })));
    await ends(flow.inbox("out"), 19);
    await eventually(() => asked().includes("19"), "the last one is asked");
    open[asked().indexOf("19")]!.say();
    const lasts = await ends(flow.inbox("out"), 20);
    assert.equal(lasts.filter(({ finishReason }) => finishReason === "stop").length, 1);
  });
});
