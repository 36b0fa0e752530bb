import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createChatStreamNode, createFlowNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import type { FlowNode } from "../../support/runtime/node-red-api.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import type { Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

const user = (content: string): ChatMessage => ({ role: "user", content });
const assistant = (content: string): ChatMessage => ({ role: "assistant", content });

const broken: Script = async (reply) => {
  await reply.sendApart("Once upon", " a time there ");
  reply.drop();
};
const says =
  (...texts: string[]): Script =>
  (reply) =>
    reply.say(...texts);

describe("A conversation behind a retry node", () => {
  const service = useService();
  const runtime = useRuntime();
  // Node-RED keeps the context when a flow is replaced, so each test uses a key of its own.
  let topic = 0;
  beforeEach(() => {
    topic++;
  });
  const ask = (message: Message = {}) => runtime().inject("ask", { payload: "Hi", topic, ...message });
  const requestedMessages = (nth: number) => service().requests[nth]!.body["messages"] as ChatMessage[];

  function flow(place: string, retry = {}, stream = {}): FlowNode[] {
    return createRetryFlow(service().url, {
      retry,
      stream: { conversation: place, system: "Be brief.", ...stream },
      service: { provider: "custom" },
    });
  }

  for (const place of ["msg", "flow", "global"]) {
    for (const [continueBy, rest] of [
      ["prefill", " was a king"],
      ["quote", "was a king"],
      // Text that the model repeats is no part of the answer.
      ["quote", "Once upon a time there was a king"],
    ] as const) {
      it(`keeps the question and the whole answer as the reader got it (${place}, ${continueBy}, “${rest}”)`, async () => {
        service().queue.push(broken, says(rest));
        await runtime().deploy(flow(place, { continueBy }));
        ask();
        const [end] = await runtime().waitForEnds("out");
        const text = joinPayloads(runtime().getMessages("out"));
        assert.equal(text, "Once upon a time there was a king");
        assert.deepEqual(end!["conversation"], [user("Hi"), assistant(text)]);

        service().queue.push(says("Bye"));
        runtime().clearMessages();
        ask({ payload: "And?", conversation: end!["conversation"] });
        const [next] = await runtime().waitForEnds("out");
        assert.deepEqual(requestedMessages(2), [
          { role: "system", content: "Be brief." },
          user("Hi"),
          assistant(text),
          user("And?"),
        ]);
        assert.equal((next!["conversation"] as unknown[]).length, 4);
      });
    }

    it(`keeps the answer to a question that was sent again (${place})`, async () => {
      for (const afterText of ["continue", "restart"]) {
        topic += 1000;
        service().reset();
        service().queue.push(
          afterText === "restart" ? broken : (reply) => reply.sendJson(500, {}),
          (reply) => reply.sendJson(503, {}),
          says("Hello"),
        );
        await runtime().deploy(flow(place, { afterText }));
        runtime().clearMessages();
        ask();
        const [end] = await runtime().waitForEnds("out");
        assert.deepEqual(end!["conversation"], [user("Hi"), assistant("Hello")]);
        assert.deepEqual(requestedMessages(2).slice(1), [user("Hi")]);
      }
    });

    it(`stays unchanged if the stream fails for good (${place})`, async () => {
      service().queue.push(says("Hello"));
      service().script = broken;
      await runtime().deploy(flow(place, { attempts: 2 }));
      ask();
      const [first] = await runtime().waitForEnds("out");
      runtime().clearMessages();
      ask({ payload: "More", conversation: first!["conversation"] });
      const [end] = await runtime().waitForEnds("out");
      assert.deepEqual(end!["conversation"], [user("Hi"), assistant("Hello")]);
    });
  }

  it("keeps turns that were added while an answer was in repair", async () => {
    await runtime().deploy(flow("flow", { maxDelay: 20_000 }));
    for (const history of [true, false]) {
      topic += 1000;
      service().reset();
      runtime().clearMessages();
      if (history) {
        service().queue.push(says("Zero"));
        ask({ payload: "0" });
        await runtime().waitForEnds("out");
        runtime().clearMessages();
      }
      service().queue.push(
        (reply) => reply.sendJson(429, {}, { "retry-after-ms": "150" }),
        says("Two"),
        says("One"),
      );
      ask({ payload: "1" });
      await service().waitForRequests(history ? 2 : 1);
      ask({ payload: "2" });
      const ends = await runtime().waitForEnds("out", 2);
      const before = history ? [user("0"), assistant("Zero")] : [];
      assert.deepEqual(ends[1]!["conversation"], [
        ...before,
        ...[user("2"), assistant("Two")],
        ...[user("1"), assistant("One")],
      ]);
    }
  });

  it("is continued by the fallback's chat-stream if it uses the same conversation", async () => {
    service().queue.push(broken, says(" was a king"), says("Bye"));
    const second = { ...createChatStreamNode({ wires: [["retry"]], conversation: "flow" }), id: "second" };
    const nodes = createRetryFlow(service().url, {
      retry: { attempts: 1, continueBy: "prefill" },
      stream: { conversation: "flow" },
      fallback: ["second"],
    });
    await runtime().deploy([...nodes, second]);
    ask();
    const [end] = await runtime().waitForEnds("out");
    assert.deepEqual(end!["conversation"], [user("Hi"), assistant("Once upon a time there was a king")]);
    runtime().clearMessages();
    ask({ payload: "And?" });
    await runtime().waitForEnds("out");
    assert.equal(requestedMessages(2).length, 3);
  });

  it("keeps only the newer question if it replaces a running one, and the older one does not return by its retry", async () => {
    service().queue.push(
      (reply) => reply.sendJson(429, {}, { "retry-after-ms": "100" }),
      async (reply, { gone }) => {
        reply.send("new");
        await Promise.race([gone, pause(300)]);
        reply.finish();
      },
    );
    await runtime().deploy(flow("flow", {}, { whenBusy: "replace" }));
    ask({ payload: "old" });
    await service().waitForRequests(1);
    await pause(10);
    ask({ payload: "new" });
    const ends = await runtime().waitForEnds("out", 2);
    assert.deepEqual(
      ends.map(({ finishReason }) => finishReason),
      ["cancelled", "stop"],
    );
    assert.equal(service().requests.length, 2);
    assert.deepEqual(ends[1]!["conversation"], [user("new"), assistant("new")]);
  });

  it("waits for its turn if the streams of a conversation run one after the other", async () => {
    service().queue.push(
      (reply) => reply.sendJson(429, {}, { "retry-after-ms": "20" }),
      says("Two"),
      says("One"),
    );
    await runtime().deploy(flow("flow", {}, { whenBusy: "wait" }));
    ask({ payload: "1" });
    ask({ payload: "2" });
    const ends = await runtime().waitForEnds("out", 2);
    assert.equal((ends[1]!["conversation"] as unknown[]).length, 4);
  });
});

describe("Cancelling a stream in repair", () => {
  const service = useService();
  const runtime = useRuntime();
  const ask = (message: Message = {}) => runtime().inject("ask", { payload: "Hi", ...message });

  /** The second request sends some text and never ends. */
  const lingering: Script = (reply) => void reply.send(" was");

  async function startRepair(more: Parameters<typeof createRetryFlow>[1] = {}): Promise<string> {
    service().queue.push(broken, lingering);
    await runtime().deploy(createRetryFlow(service().url, more));
    ask();
    const messages = await runtime().waitUntil("out", (all) => joinPayloads(all).endsWith("there  was"));
    return messages[0]!.parts!.id;
  }

  for (const [where, named] of [
    ["retry", true],
    ["retry", false],
    ["ask", true],
    ["ask", false],
  ] as const) {
    it(`cancels by ${named ? "the reader's stream id" : "msg.cancel alone"} at the ${where === "ask" ? "chat-stream" : "retry"} node`, async () => {
      const id = await startRepair();
      runtime().inject(where, named ? { cancel: true, parts: { id, index: 0 } } : { cancel: true });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "cancelled");
      assert.equal(end!.parts!.id, id);
      assert.equal(end!.parts!.count, runtime().getMessages("out").length);
      await waitUntil(() => runtime().getMessages("unfinished").length === 1);
      assert.equal(runtime().getMessages("unfinished")[0]!.payload, "Once upon a time there  was");
      await pause();
      assert.equal(runtime().getMessages("errors").length, 0);
      assert.equal(service().requests.length, 2);
    });
  }

  for (const [name, command] of [
    ["the reader's stream id", (id: string) => ({ cancel: true, parts: { id, index: 0 } })],
    ["its topic", () => ({ cancel: true, topic: "mine" })],
    ["msg.cancel alone", () => ({ cancel: true })],
    ["msg.reset", () => ({ reset: true, topic: "mine" })],
  ] as const) {
    it(`ends a wait at once that is cancelled at the chat-stream by ${name}`, async () => {
      service().queue.push(broken, broken);
      await runtime().deploy(
        createRetryFlow(service().url, {
          retry: { delay: 15_000, waits: "fixed" },
          stream: { conversation: "key" },
        }),
      );
      const ids: string[] = [];
      for (const topic of ["mine", "another"]) {
        ask({ topic });
        const messages = await runtime().waitUntil("out", (all) => all.at(-1)?.topic === topic);
        ids.push(messages.at(-1)!.parts!.id);
      }
      await waitUntil(() => runtime().inputs.get("retry")!.got === 2 * 3, "both streams have failed");
      runtime().inject("ask", command(ids[0]!));
      const wanted = name === "msg.cancel alone" ? ids : [ids[0]];
      const ends = await runtime().waitForEnds("out", wanted.length);
      assert.deepEqual(
        ends.map(({ parts, finishReason }) => [parts!.id, finishReason]),
        wanted.map((id) => [id, "cancelled"]),
      );
      await pause();
      assert.equal((await runtime().waitForEnds("out", 1)).length, wanted.length, "others go on");
      assert.equal(service().requests.length, 2);
      assert.deepEqual(runtime().getMessages("errors"), []);
    });
  }

  it("cancels no other stream", async () => {
    const id = await startRepair();
    service().queue.push(lingering);
    ask({ payload: "another" });
    await service().waitForRequests(3);
    runtime().inject("retry", { cancel: true, parts: { id, index: 0 } });
    await runtime().waitForEnds("out");
    await pause();
    assert.equal(service().openStreams, 1);
    runtime().inject("retry", { cancel: true });
    await runtime().waitForEnds("out", 2);
  });

  it("cancels a retry request that waits in the provider's queue", async () => {
    service().queue.push(broken, lingering);
    await runtime().deploy(
      createRetryFlow(service().url, {
        service: { maxConcurrent: 1 },
        retry: { delay: 0 },
        stream: { whenBusy: "concurrent" },
      }),
    );
    ask();
    await service().waitForRequests(1);
    ask({ payload: "another" });
    const messages = await runtime().waitUntil("out", (all) => joinPayloads(all).includes(" was"));
    const { id } = messages[0]!.parts!;
    await pause();
    assert.equal(service().requests.length, 2);
    runtime().inject("retry", { cancel: true, parts: { id, index: 0 } });
    const [end] = await runtime().waitForEnds("out");
    assert.equal(end!.parts!.id, id);
    assert.equal(end!.finishReason, "cancelled");
    runtime().inject("retry", { cancel: true });
    await runtime().waitForEnds("out", 2);
  });

  for (const isRedeployed of [false, true]) {
    it(`cancels a stream of the fallback${isRedeployed ? " after the retry node was redeployed" : ""}`, async () => {
      let proceed = () => {};
      service().queue.push(broken, async (reply) => {
        reply.send(" was");
        await new Promise<void>((resolve) => {
          proceed = resolve;
        });
        reply.send(" a king");
      });
      const flow = [
        ...createRetryFlow(service().url, { retry: { attempts: 1 }, fallback: ["second"] }),
        { ...createChatStreamNode({ wires: [["retry"]] }), id: "second" },
      ];
      await runtime().deploy(flow);
      ask();
      const messages = await runtime().waitUntil("out", (all) => joinPayloads(all).includes("there  was"));
      if (isRedeployed) {
        const changed = flow.map((one) => (one.id === "retry" ? { ...one, name: "new" } : one));
        await runtime().deploy(changed, "nodes");
        proceed();
        await runtime().waitUntil("out", (all) => joinPayloads(all).endsWith(" was a king"));
      }
      runtime().inject("retry", { cancel: true, parts: { id: messages[0]!.parts!.id, index: 0 } });
      const [end] = await runtime().waitForEnds("out");
      assert.equal(end!.finishReason, "cancelled");
      assert.equal(end!.parts!.count, runtime().getMessages("out").length);
    });
  }

  it("cancels at msg.reset, and deletes the conversation", async () => {
    service().queue.push((reply) => reply.say("Hello"));
    const stream = { conversation: "flow" };
    const flow = createRetryFlow(service().url, { stream });
    await runtime().deploy(flow);
    ask({ topic: "t" });
    await runtime().waitForEnds("out");
    service().queue.push((reply) => reply.sendJson(429, {}, { "retry-after-ms": "900" }));
    ask({ topic: "t" });
    await waitUntil(() => runtime().inputs.get("retry")!.got === 3);
    runtime().inject("retry", { reset: true, topic: "t" });
    const ends = await runtime().waitForEnds("out", 2);
    assert.equal(ends[1]!.finishReason, "cancelled");
    service().queue.push((reply) => reply.say("Hello"));
    ask({ topic: "t" });
    const [, , end] = await runtime().waitForEnds("out", 3);
    assert.equal((end!["conversation"] as unknown[]).length, 2);
  });

  it("passes a reset on that another retry node sends down the stream", async () => {
    service().queue.push(broken, (reply) => reply.say("Once", " more"));
    const flow = createRetryFlow(service().url, {
      retry: { afterText: "restart", wires: [["further"], ["ask"], []] },
    });
    await runtime().deploy([
      ...flow,
      createFlowNode("retry", "further", [], { wires: [["out", "collect"], ["ask"], []] }),
    ]);
    ask();
    await waitUntil(() => runtime().getMessages("finished").length === 1);
    assert.equal(runtime().getMessages("finished")[0]!.payload, "Once more");
    assert.equal(
      runtime()
        .getMessages("out")
        .filter((message) => message["reset"]).length,
      1,
    );
    assert.equal(service().requests.length, 2);
  });
});
