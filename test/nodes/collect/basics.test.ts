import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import {
  createChatStreamNode,
  createCollectNode,
  createProviderNode,
  createSinkNode,
  createWitnessNodes,
  TAB,
} from "../../support/flows/nodes.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause } from "../../support/waiting.js";

interface Response {
  id: string;
  choices: { index: number; message: Record<string, unknown>; finish_reason: string }[];
  usage: unknown;
}

function readError(message: Message | undefined): {
  code: string;
  message: string;
  partial: string;
  phase: string;
} {
  return message!.error as ReturnType<typeof readError>;
}

describe("collect behind a chat-stream", () => {
  const load = useHelper();
  const service = useService();

  async function loadFlow(stream: Record<string, unknown> = {}, settings: Record<string, unknown> = {}) {
    return load([
      TAB,
      createProviderNode(service().url),
      createChatStreamNode({ wires: [["collect"]], ...stream }),
      createCollectNode(settings),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
      ...createWitnessNodes("collect"),
    ]);
  }

  it("sends one message with the whole text, the response and how the stream ended", async () => {
    service().script = (reply) =>
      reply
        .send(
          createChunk({ reasoning_content: "Hm." }),
          "Hello",
          " world",
          createChunk("Bonjour", { index: 1 }),
        )
        .send(createChunk({}, { index: 1, finish_reason: "length" }))
        .finish("stop", { total_tokens: 9 });
    const flow = await loadFlow({ conversation: "msg" });
    flow.inject("ask", { payload: "Hi", topic: "t", mine: 1 });
    const [message] = await flow.getInbox("finished").waitForCount(1);
    assert.equal(message!.payload, "Hello world");
    assert.equal(message!.topic, "t");
    assert.equal(message!["mine"], 1);
    assert.equal(message!.finishReason, "stop");
    assert.deepEqual(message!.usage, { total_tokens: 9 });
    assert.equal((message!.stats as { chunks: number }).chunks, 4);
    assert.equal((message!.request as { model: string }).model, "model-1");
    assert.deepEqual(message!.conversation, [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello world" },
    ]);
    const response = message!.response as Response;
    assert.deepEqual(response, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1_700_000_000,
      model: "model-1",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello world", reasoning_content: "Hm." },
          finish_reason: "stop",
        },
        { index: 1, message: { role: "assistant", content: "Bonjour" }, finish_reason: "length" },
      ],
      usage: { total_tokens: 9 },
      cost: null,
    });
    for (const key of ["parts", "chunk", "complete"]) assert.ok(!(key in message!), key);
    await pause();
    assert.equal(flow.getInbox("finished").size, 1);
    assert.equal(flow.getInbox("unfinished").size, 0);
  });

  it("puts tool calls in the response, with an empty payload if there is no text", async () => {
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: '{"a":1}' } };
    service().script = (reply) =>
      reply
        .send(
          createChunk({ tool_calls: [{ index: 0, ...call, function: { name: "f", arguments: '{"a"' } }] }),
        )
        .send(createChunk({ tool_calls: [{ index: 0, function: { arguments: ":1}" } }] }))
        .finish("tool_calls");
    const flow = await loadFlow();
    flow.inject("ask", { payload: "Hi" });
    const [message] = await flow.getInbox("finished").waitForCount(1);
    assert.equal(message!.payload, "");
    assert.equal(message!.finishReason, "tool_calls");
    assert.deepEqual((message!.response as Response).choices[0]!.message["tool_calls"], [call]);
  });

  it("sends a failed stream to output 2 with its partial text, and reports no error twice", async () => {
    service().script = async (reply) => (await reply.sendApart("half", " of it")).drop();
    const flow = await loadFlow();
    flow.inject("ask", { payload: "Hi", topic: "t" });
    const [message] = await flow.getInbox("unfinished").waitForCount(1);
    assert.equal(message!.payload, "half of it");
    assert.equal(message!.topic, "t");
    assert.equal(message!.finishReason, "error");
    assert.equal(readError(message).code, "interrupted");
    assert.ok(message!.request);
    assert.equal((message!.response as Response).choices[0]!.message["content"], "half of it");
    await pause();
    assert.equal(flow.getInbox("finished").size, 0);
    const sources = flow
      .getInbox("errors")
      .messages.map(({ error }) => (error as { source: { id: string } }).source.id);
    assert.deepEqual(sources, ["ask"]);
  });

  it("sends a cancelled stream to output 2 without an error", async () => {
    service().script = (reply) => void reply.send("half");
    const flow = await loadFlow();
    flow.inject("ask", { payload: "Hi" });
    await service().waitForRequests(1);
    await pause();
    flow.inject("ask", { cancel: true });
    const [message] = await flow.getInbox("unfinished").waitForCount(1);
    assert.equal(message!.payload, "half");
    assert.equal(message!.finishReason, "cancelled");
    assert.equal(message!.error, undefined);
    assert.equal(flow.getInbox("errors").size, 0);
  });

  it("keeps a hundred interleaved streams apart", async () => {
    service().script = async (reply, { body }) => {
      const [question] = body["messages"] as { content: string }[];
      for (const letter of question!.content) await reply.sendApart(letter.repeat(3));
      reply.finish();
    };
    const flow = await load([
      TAB,
      createProviderNode(service().url, { maxConcurrent: 100 }),
      createChatStreamNode({ wires: [["collect"]] }),
      createCollectNode(),
      createSinkNode("finished"),
      createSinkNode("unfinished"),
    ]);
    const questions = Array.from({ length: 100 }, (_, at) => `q${at}:${"abcdefgh".slice(at % 8)}`);
    for (const payload of questions) flow.inject("ask", { payload, topic: payload });
    for (const message of await flow.getInbox("finished").waitForCount(100)) {
      const expected = [...(message.topic as string)].map((letter) => letter.repeat(3)).join("");
      assert.equal(message.payload, expected);
    }
  });

  it("parses the answer as JSON if it is set to, also within a code fence", async () => {
    const flow = await loadFlow({}, { parse: "json" });
    for (const [at, fence] of [
      ['{"a"', ": [1]}"],
      ["```json\n", '{"a": [1]}', "\n```\n"],
      [' ["x"] '],
    ].entries()) {
      service().script = (reply) => reply.say(...fence);
      flow.inject("ask", { payload: "Hi" });
      const messages = await flow.getInbox("finished").waitForCount(at + 1);
      assert.deepEqual(messages[at]!.payload, at === 2 ? ["x"] : { a: [1] });
    }
  });

  it("sends an answer that is not JSON to output 2 unchanged, and reports it to a Catch node", async () => {
    service().script = (reply) => reply.send('{"a": ').finish("length");
    const flow = await loadFlow({}, { parse: "json" });
    flow.inject("ask", { payload: "Hi" });
    const [message] = await flow.getInbox("unfinished").waitForCount(1);
    assert.equal(message!.payload, '{"a": ');
    assert.equal(message!.finishReason, "length");
    assert.equal(readError(message).code, "bad_response");
    const [caught] = await flow.getInbox("errors").waitForCount(1);
    assert.equal(readError(caught).code, "bad_response");
    assert.equal(flow.getInbox("finished").size, 0);
  });

  it("refuses a message that is not part of a stream, with an error that says what to do", async () => {
    const flow = await loadFlow();
    for (const parts of [
      undefined,
      null,
      "x",
      {},
      { id: 7, index: 0 },
      { id: "a" },
      { id: "a", index: -1 },
      { id: "a", index: 2 ** 53 },
      { id: "a", index: 0.5 },
    ]) {
      flow.getInbox("errors").clear();
      flow.inject("collect", { payload: "x", parts } as unknown as Message);
      const [caught] = await flow.getInbox("errors").waitForCount(1);
      const error = caught!.error as { code: string; message: string };
      assert.equal(error.code, "configuration");
      assert.match(error.message, /behind a chat-stream/);
    }
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("finished").waitForCount(1);
  });

  it("calls done for every message", async () => {
    const flow = await loadFlow();
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("completed").waitForCount(3);
    await pause();
    assert.equal(flow.getInbox("completed").size, 3);
  });
});
