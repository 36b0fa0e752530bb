import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createAskFlow,
  createChatStreamNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { groupByStream, Inbox, joinPayloads, waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { createChunk, createFinishChunk, createUsageChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

describe("The stream of a chat-stream", () => {
  const load = useHelper();
  const service = useService();

  async function ask(message: Message = { payload: "Hi" }, settings: Record<string, unknown> = {}) {
    const flow = await load(createAskFlow(service().url, settings));
    flow.inject("ask", message);
    const last = await waitForEnd(flow.getInbox("out"));
    return { flow, last, messages: flow.getInbox("out").messages };
  }

  it("sends one message for each chunk of text, and a last one without text", async () => {
    service().script = (reply) => reply.say("Once", " upon", " a time");
    const { messages } = await ask();
    assert.deepEqual(
      messages.map(({ payload }) => payload),
      ["Once", " upon", " a time", ""],
    );
  });

  it("numbers the messages of a stream from 0 without gaps, with the count on the last one only", async () => {
    service().script = (reply) => reply.say("a", "b", "c");
    const { messages } = await ask();
    const { id } = messages[0]!.parts!;
    assert.deepEqual(
      messages.map(({ parts }) => parts),
      [0, 1, 2, 3].map((index) => ({
        id,
        index,
        type: "string",
        ch: "",
        ...(index === 3 ? { count: 4 } : {}),
      })),
    );
  });

  it("gives each stream an id of its own, which is not the vendor's", async () => {
    const { flow, messages } = await ask();
    flow.inject("ask", { payload: "Hi" });
    await waitForEnds(flow.getInbox("out"), 2);
    const [first, second] = groupByStream(messages).map((stream) => stream[0]!.parts!.id);
    assert.match(first!, /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    assert.notEqual(first, second);
  });

  it("sets the finish reason, usage, stats and request on the last message", async () => {
    service().script = (reply) => reply.send("Hello").finish("length", { total_tokens: 7 });
    const { last } = await ask({ payload: "Hi" }, { temperature: "0.5" });
    assert.equal(last.finishReason, "length");
    assert.deepEqual(last.usage, { total_tokens: 7 });
    const stats = last.stats as Record<string, number>;
    assert.equal(stats["chunks"], 1);
    assert.equal(stats["characters"], 5);
    assert.equal(stats["attempts"], 1);
    assert.ok(stats["firstTokenMs"]! <= stats["durationMs"]!);
    assert.deepEqual(last.request, {
      model: "model-1",
      messages: [{ role: "user", content: "Hi" }],
      parameters: { temperature: 0.5 },
    });
    assert.equal(last.error, undefined);
    const { choices, usage: counts } = last.chunk as { choices: unknown; usage: unknown };
    assert.deepEqual(choices, [{ index: 0, delta: {}, finish_reason: "length" }]);
    assert.deepEqual(counts, { total_tokens: 7 });
  });

  it("sets usage to null if the vendor sends none", async () => {
    const { last } = await ask();
    assert.equal(last.usage, null);
  });

  it("sets no chunk on messages with plain text, so that they stay small", async () => {
    const { messages } = await ask();
    assert.deepEqual(Object.keys(messages[0]!).sort(), ["_msgid", "parts", "payload"]);
  });

  it("sets the chunk if there is more than text, and keeps reasoning and other choices out of the payload", async () => {
    service().script = (reply) =>
      reply
        .send(createChunk({ reasoning_content: "Hm." }), "Hello", createChunk("Bonjour", { index: 1 }))
        .send(createChunk({}, { index: 1, finish_reason: "stop" }))
        .finish();
    const { messages } = await ask();
    assert.equal(joinPayloads(messages), "Hello");
    const chunks = messages.map(
      ({ chunk }) => chunk as { choices: { index: number; delta: object }[] } | undefined,
    );
    assert.deepEqual(chunks[0]!.choices[0]!.delta, { role: "assistant", reasoning_content: "Hm." });
    assert.equal(chunks[1], undefined);
    assert.deepEqual(chunks[2]!.choices[0]!.delta, { role: "assistant", content: "Bonjour" });
    assert.equal(chunks[2]!.choices[0]!.index, 1);
  });

  it("sends no message for a role, an empty text or the usage", async () => {
    service().script = (reply) =>
      reply
        .send(
          createChunk({ role: "assistant" }),
          createChunk(""),
          "Hello",
          createFinishChunk(),
          createUsageChunk({ total_tokens: 1 }),
        )
        .finish();
    const { messages } = await ask();
    assert.equal(messages.length, 2);
  });

  it("keeps white space unchanged", async () => {
    service().script = (reply) => reply.say("\n", "  ", "\t.", " ");
    const { messages } = await ask();
    assert.equal(joinPayloads(messages), "\n  \t. ");
  });

  it("copies the properties of the incoming message to all messages, but not those of the request", async () => {
    const { messages } = await ask({
      _msgid: "abc",
      payload: "Hi",
      topic: "lights",
      mine: { deep: 1 },
      messages: [{ role: "user", content: "Hi" }],
      model: "other",
      tools: [],
      options: { seed: 1 },
      conversation: [{ role: "user", content: "before" }],
    });
    for (const message of messages) {
      assert.equal(message._msgid, "abc");
      assert.equal(message.topic, "lights");
      assert.deepEqual(message["mine"], { deep: 1 });
      for (const key of ["messages", "model", "tools", "options", "conversation"])
        assert.ok(!(key in message), key);
    }
  });

  it("does not copy properties of an earlier stream's last message", async () => {
    const { flow, last } = await ask();
    flow.getInbox("out").clear();
    flow.inject("ask", { ...last, payload: "Translate: Hello" });
    await waitForEnd(flow.getInbox("out"));
    const [first] = flow.getInbox("out").messages;
    for (const key of ["complete", "finishReason", "usage", "stats", "request", "chunk"])
      assert.ok(!(key in first!), key);
    assert.deepEqual((service().requests[1]!.body["messages"] as unknown[]).length, 1);
  });

  it("keeps req and res of an HTTP request by reference on every message", async () => {
    const req = { method: "GET" };
    const res = { send: () => {} };
    const { messages } = await ask({ payload: "Hi", req, res });
    for (const message of messages) {
      assert.equal(message["req"], req);
      assert.equal(message["res"], res);
    }
  });

  it("keeps the incoming message's place in its own sequence as parts.parts", async () => {
    const outer = { id: "outer", index: 2, count: 5, type: "array", parts: { id: "outermost", index: 0 } };
    const { messages } = await ask({ payload: "Hi", parts: structuredClone(outer) });
    for (const message of messages) assert.deepEqual(message.parts!.parts, outer);
  });

  it("sends messages of plain data that survive JSON", async () => {
    service().script = (reply) => reply.send(createChunk({ reasoning_content: "Hm." }), "Hello").finish();
    const { messages } = await ask();
    assert.deepEqual(JSON.parse(JSON.stringify(messages)), messages);
  });

  it("keeps the stream, the request and the conversation unchanged if a flow changes its messages", async () => {
    const outer = { id: "outer", index: 0, parts: { id: "outermost", index: 1 } };
    service().script = async (reply) => {
      await reply.sendApart(
        createChunk({ reasoning_content: "Hm" }),
        createChunk({ annotations: [{ type: "url_citation", url_citation: { url: "https://a" } }] }),
        { ...createChunk("H"), citations: ["https://a"] },
        { ...createChunk("e"), citations: ["https://a", "https://b"] },
        createChunk({ reasoning_content: "." }),
        "llo",
      );
      reply.finish("stop", { total_tokens: 3, details: { cached: 1 } });
    };
    const expected = (await ask({ payload: "Hi", parts: structuredClone(outer) }, { conversation: "flow" }))
      .messages;
    const expectedMessages = structuredClone(expected);

    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    const incoming: Message = { payload: [{ role: "user", content: "Hi" }], parts: structuredClone(outer) };
    const seen = new Inbox();
    flow.getNode("out").on("input", (message) => {
      seen.push(structuredClone(message));
      changeAll(message);
    });
    flow.inject("ask", incoming);
    await service().waitForRequests(2);
    changeAll(incoming);
    await waitForEnd(seen);
    flow.inject("ask", { payload: "And?" });
    await waitForEnds(seen, 2);

    assert.deepEqual(service().requests.at(-1)!.body["messages"], [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "And?" },
    ]);
    assert.deepEqual(
      seen.messages.slice(0, expectedMessages.length).map(comparable),
      expectedMessages.map(comparable),
    );
  });

  it("ends the stream and calls done if nothing is wired to the node", async () => {
    const flow = await load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [[]] }),
      createSinkNode("out"),
      ...createWitnessNodes(),
    ]);
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("completed").waitForCount(1);
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("completes once, and a Complete node gets the incoming message", async () => {
    const { flow } = await ask({ payload: "Hi", topic: "t" });
    await flow.getInbox("completed").waitForCount(1);
    await pause();
    assert.equal(flow.getInbox("completed").size, 1);
    assert.equal(flow.getInbox("completed").messages[0]!.payload, "Hi");
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("sends a chunk for every record, empty ones too, if everyChunk is set", async () => {
    service().script = (reply) =>
      reply.send(createChunk({ role: "assistant", content: "" }), "Hello").finish();
    const { messages } = await ask({ payload: "Hi" }, { everyChunk: true });
    assert.deepEqual(
      messages.map(({ payload }) => payload),
      ["", "Hello", "", ""],
    );
    assert.ok(messages.every(({ chunk }) => chunk !== undefined));
    assert.deepEqual((messages[1]!.chunk as ReturnType<typeof createChunk>).choices[0]!.delta, {
      content: "Hello",
    });
  });

  it("sends one message for all chunks of one read of the socket if mergeReads is set", async () => {
    service().script = async (reply) => {
      reply.send(
        "a",
        "b",
        createChunk({ reasoning_content: "x" }),
        createChunk({ reasoning_content: "y" }),
        "c",
      );
      await pause();
      reply.send("d", "e").finish();
    };
    const { messages } = await ask({ payload: "Hi" }, { mergeReads: true });
    assert.deepEqual(
      messages.map(({ payload }) => payload),
      ["abc", "de", ""],
    );
    const { choices } = messages[0]!.chunk as ReturnType<typeof createChunk>;
    assert.deepEqual(choices[0]!.delta, { role: "assistant", content: "abc", reasoning_content: "xy" });
    assert.equal(messages[1]!.chunk, undefined);
    assert.deepEqual(
      messages.map(({ parts }) => parts!.index),
      [0, 1, 2],
    );
  });
});

/** Changes everything that can be reached from a message. */
function changeAll(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const record = value as Record<string, unknown>;
    changeAll(record[key]);
    if (typeof record[key] !== "object") record[key] = "changed";
  }
}

/** @returns the message without properties that differ between two streams with the same text */
function comparable(message: Message): unknown {
  const { _msgid, stats, parts, request, ...rest } = message;
  return { ...rest, parts: { ...parts, id: "" } };
}
