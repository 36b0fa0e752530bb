import assert from "node:assert/strict";
import type { Context, Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { waitForEnd, waitForEnds } from "../../support/runtime/inbox.js";
import { type TestFlow, useHelper } from "../../support/runtime/use-helper.js";
import { createChunk, type Script } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });

/** Answers with the last prompt after `re: `. */
const answer: Script = (reply, { body }) => {
  const messages = body["messages"] as { content: string }[];
  reply.say("re: ", messages.at(-1)!.content);
};

describe("The conversation of a chat-stream", () => {
  const load = useHelper();
  const service = useService();
  beforeEach(() => {
    service().script = answer;
  });

  /** Sends messages one after the other. @returns the last message of each stream */
  async function talk(flow: TestFlow, ...messages: Message[]): Promise<Message[]> {
    const lasts: Message[] = [];
    for (const message of messages) {
      flow.getInbox("out").clear();
      flow.inject("ask", message);
      lasts.push(await waitForEnd(flow.getInbox("out")));
    }
    return lasts;
  }

  function requestedMessages(at = -1): unknown {
    return service().requests.at(at)!.body["messages"];
  }

  /** Reads `conversations` from the context. */
  function readStored(
    flow: TestFlow,
    place: "flow" | "global",
  ): Promise<Record<string, unknown> | undefined> {
    const context = flow.getNode("ask").context()[place] as Context;
    return new Promise((resolve) => {
      context.get("conversations", (_error, value) => resolve(value as Record<string, unknown> | undefined));
    });
  }

  it("keeps no conversation unless the author chooses a place", async () => {
    const flow = await load(createAskFlow(service().url));
    const [, last] = await talk(flow, { payload: "A", topic: "t" }, { payload: "B", topic: "t" });
    assert.deepEqual(requestedMessages(), [user("B")]);
    assert.ok(!("conversation" in last!));
    assert.equal(await readStored(flow, "flow"), undefined);
  });

  it("ignores msg.conversation unless the author chooses it", async () => {
    const flow = await load(createAskFlow(service().url));
    await talk(flow, { payload: "B", conversation: [user("A"), assistant("re: A")] });
    assert.deepEqual(requestedMessages(), [user("B")]);
  });

  it("hands the conversation on in the last message, with question and answer added", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "msg", system: "Be brief." }));
    const [first] = await talk(flow, { payload: "A" });
    assert.deepEqual(first!.conversation, [user("A"), assistant("re: A")]);
    const [second] = await talk(flow, { payload: "B", conversation: first!.conversation });
    assert.deepEqual(requestedMessages(), [
      { role: "system", content: "Be brief." },
      user("A"),
      assistant("re: A"),
      user("B"),
    ]);
    assert.deepEqual(second!.conversation, [user("A"), assistant("re: A"), user("B"), assistant("re: B")]);
  });

  it("sends the conversation on the last message only", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "msg" }));
    await talk(flow, { payload: "A", conversation: [user("0"), assistant("re: 0")] });
    const carriers = flow.getInbox("out").messages.filter((message) => "conversation" in message);
    assert.equal(carriers.length, 1);
  });

  for (const place of ["flow", "global"] as const) {
    it(`keeps a conversation for each msg.topic in the ${place} context`, async () => {
      const flow = await load(createAskFlow(service().url, { conversation: place }));
      await talk(
        flow,
        { payload: "A", topic: "one" },
        { payload: "X", topic: "two" },
        { payload: "B", topic: "one" },
      );
      assert.deepEqual(requestedMessages(), [user("A"), assistant("re: A"), user("B")]);
      assert.deepEqual(Object.keys((await readStored(flow, place))!).sort(), ["one", "two"]);
    });
  }

  it("keeps conversations under the key that the author chooses", async () => {
    const flow = await load(
      createAskFlow(service().url, {
        conversation: "flow",
        conversationKey: "user.id",
        conversationKeyType: "msg",
      }),
    );
    await talk(flow, { payload: "A", user: { id: 7 } }, { payload: "B", user: { id: 7 } });
    assert.deepEqual(requestedMessages(), [user("A"), assistant("re: A"), user("B")]);
    assert.deepEqual(Object.keys((await readStored(flow, "flow"))!), ["7"]);
  });

  it("refuses a message without the conversation key instead of mixing the conversations of two people", async () => {
    const flow = await load(
      createAskFlow(service().url, {
        conversation: "flow",
        conversationKey: "user.id",
        conversationKeyType: "msg",
      }),
    );
    const [last] = await talk(flow, { payload: "A" });
    assert.equal((last!.error as { code: string }).code, "invalid_request");
    assert.match((last!.error as { message: string }).message, /msg\.user\.id/);
    assert.equal(service().requests.length, 0);
  });

  it("keeps the conversations of all keys apart, whatever characters they have", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    const keys = [
      "",
      " ",
      "a.b",
      "a/b",
      "a b",
      'a"b',
      "a'b",
      "a_b",
      "a[b",
      "a]b",
      "a\\b",
      "a%22b",
      "%none",
      "a\nb",
      "42",
      "0",
      "msg.payload",
      "#:(file)::x",
      "__proto__",
      "constructor",
      "toString",
      "hasOwnProperty",
      "日本語 🙂",
      "x".repeat(2000),
    ];
    for (const key of keys) await talk(flow, { payload: `first of ${key}`, topic: key });
    for (const key of keys) {
      await talk(flow, { payload: "second", topic: key });
      assert.deepEqual(
        requestedMessages(),
        [user(`first of ${key}`), assistant(`re: first of ${key}`), user("second")],
        key,
      );
    }
    assert.equal(Object.keys((await readStored(flow, "flow"))!).length, keys.length);
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  it("keeps messages without a topic in one conversation", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A" }, { payload: "B" });
    assert.deepEqual(requestedMessages(), [user("A"), assistant("re: A"), user("B")]);
  });

  it("keeps only the last maxTurns turns, none of them cut", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow", maxTurns: 2 }));
    await talk(flow, ...["A", "B", "C", "D"].map((payload) => ({ payload, topic: "t" })));
    assert.deepEqual(requestedMessages(), [
      user("B"),
      assistant("re: B"),
      user("C"),
      assistant("re: C"),
      user("D"),
    ]);
    const { t } = (await readStored(flow, "flow"))!;
    assert.deepEqual(t, [user("C"), assistant("re: C"), user("D"), assistant("re: D")]);
  });

  it("keeps all turns if maxTurns is empty or 0", async () => {
    for (const maxTurns of ["", 0, "0"]) {
      const flow = await load(createAskFlow(service().url, { conversation: "flow", maxTurns }));
      await talk(flow, { payload: "A" }, { payload: "B" }, { payload: "C" });
      assert.equal((requestedMessages() as unknown[]).length, 5, JSON.stringify(maxTurns));
    }
  });

  it("leaves the conversation unchanged if the stream fails, and sends it on the last message", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "t" });
    service().queue.push((reply) => reply.send("half").drop());
    const [last] = await talk(flow, { payload: "B", topic: "t" });
    assert.equal(last!.finishReason, "error");
    assert.deepEqual(last!.conversation, [user("A"), assistant("re: A")]);
    (last!.conversation as { content: string }[])[0]!.content = "changed by a reader";
    await talk(flow, { payload: "C", topic: "t" });
    assert.deepEqual(requestedMessages(), [user("A"), assistant("re: A"), user("C")]);
  });

  it("leaves the conversation unchanged if the answer is empty, since services refuse an empty answer in the history", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "t" });
    service().queue.push((reply) => reply.finish("content_filter"));
    const [last] = await talk(flow, { payload: "B", topic: "t" });
    assert.deepEqual(last!.conversation, [user("A"), assistant("re: A")]);
    await talk(flow, { payload: "C", topic: "t" });
    assert.deepEqual(requestedMessages(), [user("A"), assistant("re: A"), user("C")]);
  });

  it("keeps the results of tools in the conversation even if the model adds no text", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    const call = { id: "call_1", type: "function", function: { name: "light", arguments: "{}" } };
    const messages = [
      user("Light!"),
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "on" },
    ];
    service().queue.push((reply) => reply.finish());
    await talk(flow, { messages, topic: "t" }, { payload: "Off again.", topic: "t" });
    assert.deepEqual(requestedMessages(), [...messages, user("Off again.")]);
  });

  it("leaves the conversation unchanged if the stream is cancelled", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    service().queue.push((reply) => void reply.send("half"));
    flow.inject("ask", { payload: "A", topic: "t" });
    await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { cancel: true, topic: "t" });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.deepEqual(last.conversation, []);
    assert.equal(await readStored(flow, "flow"), undefined);
  });

  it("leaves an answer that calls tools out of the conversation, since the next request brings it with the results", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
    service().queue.push((reply) =>
      reply.send(createChunk({ tool_calls: [{ index: 0, ...call }] })).finish("tool_calls"),
    );
    const [first] = await talk(flow, { payload: "A", topic: "t" });
    assert.equal(first!.finishReason, "tool_calls");
    assert.deepEqual(first!.conversation, []);
    const messages = [
      { role: "system", content: "s" },
      user("A"),
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: "42" },
    ];
    await talk(flow, { payload: "", messages, topic: "t" });
    assert.deepEqual(requestedMessages(), messages);
    const { t } = (await readStored(flow, "flow"))!;
    assert.deepEqual(t, [...messages.slice(1), assistant("re: 42")]);
  });

  it("replaces the conversation by msg.messages, which go out without any history", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "t" }, { messages: [user("X")], topic: "t" });
    assert.deepEqual(requestedMessages(), [user("X")]);
    assert.deepEqual((await readStored(flow, "flow"))!["t"], [user("X"), assistant("re: X")]);
  });

  it("deletes only the conversation with its key at msg.reset", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "one" }, { payload: "X", topic: "two" });
    flow.inject("ask", { reset: "", topic: "one" });
    await pause();
    await talk(flow, { payload: "B", topic: "one" }, { payload: "Y", topic: "two" });
    assert.deepEqual(requestedMessages(-2), [user("B")]);
    assert.deepEqual(requestedMessages(-1), [user("X"), assistant("re: X"), user("Y")]);
  });

  it("deletes the conversation of the running stream at a msg.reset without a key, and no other", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "one" }, { payload: "X", topic: "two" });
    service().queue.push((reply) => void reply.send("half"));
    flow.getInbox("out").clear();
    flow.inject("ask", { payload: "B", topic: "one" });
    await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { reset: true });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "cancelled");
    await talk(flow, { payload: "C", topic: "one" }, { payload: "Y", topic: "two" });
    assert.deepEqual(requestedMessages(-2), [user("C")]);
    assert.deepEqual(requestedMessages(-1), [user("X"), assistant("re: X"), user("Y")]);
  });

  it("deletes the conversation of a stream that is reset by its id, even without a topic", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "t" });
    service().queue.push((reply) => void reply.send("half"));
    flow.getInbox("out").clear();
    flow.inject("ask", { payload: "B", topic: "t" });
    const [half] = await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { reset: true, parts: { id: half!.parts!.id, index: 0 } });
    assert.equal((await waitForEnd(flow.getInbox("out"))).finishReason, "cancelled");
    await talk(flow, { payload: "C", topic: "t" });
    assert.deepEqual(requestedMessages(), [user("C")]);
  });

  it("deletes the conversation of the key at a msg.reset that names a stream that has ended", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    const [ended] = await talk(flow, { payload: "A", topic: "one" }, { payload: "X", topic: "two" });
    flow.inject("ask", { reset: true, topic: "one", parts: ended!.parts! });
    await pause();
    await talk(flow, { payload: "B", topic: "one" }, { payload: "Y", topic: "two" });
    assert.deepEqual(requestedMessages(-2), [user("B")]);
    assert.deepEqual(requestedMessages(-1), [user("X"), assistant("re: X"), user("Y")]);
  });

  it("keeps the conversation at msg.cancel", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    await talk(flow, { payload: "A", topic: "t" });
    flow.inject("ask", { cancel: true, topic: "t" });
    await talk(flow, { payload: "B", topic: "t" });
    assert.deepEqual(requestedMessages(), [user("A"), assistant("re: A"), user("B")]);
  });

  it("adds the turns of all streams that end at the same moment to the conversation", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "flow" }));
    const replies: (() => void)[] = [];
    service().script = (reply, { body }) => {
      const [question] = (body["messages"] as { content: string }[]).slice(-1);
      replies.push(() => reply.say(`re: ${question!.content}`));
    };
    for (const payload of ["A", "B", "C"]) flow.inject("ask", { payload, topic: "t" });
    await service().waitForRequests(3);
    for (const reply of replies) reply();
    await waitForEnds(flow.getInbox("out"), 3);
    const { t } = (await readStored(flow, "flow"))!;
    const texts = (t as { content: string }[]).map(({ content }) => content);
    assert.deepEqual(texts.filter((text) => !text.startsWith("re")).sort(), ["A", "B", "C"]);
    assert.equal(texts.length, 6);
    for (const [at, text] of texts.entries()) if (at % 2 === 1) assert.equal(text, `re: ${texts[at - 1]}`);
  });

  it("fails with invalid_request if the stored conversation is not a list of messages", async () => {
    const flow = await load(createAskFlow(service().url, { conversation: "msg" }));
    const [last] = await talk(flow, { payload: "A", conversation: "Hello" });
    const error = last!.error as { code: string; message: string };
    assert.equal(error.code, "invalid_request");
    assert.match(error.message, /^msg\.conversation is not an array of chat messages\. .+ or remove it\.$/);
    assert.equal(service().requests.length, 0);
    await talk(flow, { payload: "A" });
    assert.equal(service().requests.length, 1);
  });
});
