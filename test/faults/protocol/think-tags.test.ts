import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import { createAskFlow } from "../../support/flows/nodes.js";
import { joinPayloads, waitForEnd } from "../../support/runtime/inbox.js";
import { useHelper } from "../../support/runtime/use-helper.js";
import { createChunk, createFinishChunk, type Reply } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";

const SPLIT_THINKING = { settings: { splitThinking: true } };
const TEXT = "<think>first <think>inner</think> 👋</think>\n\nHello <think> & co";

/** The part of a message that these tests read. */
interface ReasoningMessage {
  payload?: unknown;
  chunk?: { choices: { delta: { reasoning_content?: string; content?: string } }[] };
}

function joinReasoning(messages: readonly Message[]): string {
  return (messages as readonly ReasoningMessage[])
    .flatMap(({ chunk }) => chunk?.choices ?? [])
    .map(({ delta }) => delta.reasoning_content ?? "")
    .join("");
}

describe("Think tags in the answer text", () => {
  const load = useHelper();
  const service = useService();

  /** Deploys a chat-stream and returns what it makes of an answer. */
  async function runFlow(
    answer: (reply: Reply) => void,
    settings: object = SPLIT_THINKING,
    stream: object = {},
  ) {
    service().reset();
    service().script = answer;
    const flow = await load(createAskFlow(service().url, { ...stream }, { ...settings }));
    flow.inject("ask", { payload: "Hi" });
    const last = await waitForEnd(flow.getInbox("out"));
    const messages = flow.getInbox("out").messages;
    return { last, text: joinPayloads(messages), reasoning: joinReasoning(messages), messages };
  }

  it("P22: separates reasoning and content exactly if the text is cut at any offset", async () => {
    for (let at = 1; at < TEXT.length; at++) {
      const { text, reasoning, last } = await runFlow((reply) =>
        reply.say(TEXT.slice(0, at), TEXT.slice(at)),
      );
      assert.equal(text, "\n\nHello <think> & co", `cut at ${at}`);
      assert.equal(reasoning, "first <think>inner</think> 👋", `cut at ${at}`);
      assert.equal(last.finishReason, "stop");
    }
  });

  it("P22: separates reasoning from letters in single chunks, also with everyChunk and mergeReads", async () => {
    const letters = [...TEXT];
    for (const stream of [{}, { everyChunk: true }, { mergeReads: true }]) {
      const { text, reasoning } = await runFlow((reply) => reply.say(...letters), SPLIT_THINKING, stream);
      assert.equal(text, "\n\nHello <think> & co");
      assert.equal(reasoning, "first <think>inner</think> 👋");
    }
  });

  it("P22: loses no text of an unclosed think tag or an incomplete tag, however the stream ends", async () => {
    const held = ["<think>on and on", "</thin"];
    const endings: ((reply: Reply) => void)[] = [
      (reply) => reply.say(...held),
      (reply) => reply.send(...held).response.end("data: [DONE]\n\n"),
      (reply) => reply.send(...held, createFinishChunk()).response.end(),
      (reply) => reply.send(...held).response.end(),
      (reply) => reply.send(...held, { error: { message: "overloaded" } }).response.end(),
    ];
    for (const ending of endings) {
      const { text, reasoning } = await runFlow(ending);
      assert.equal(text, "");
      assert.equal(reasoning, "on and on</thin");
    }
    const { text } = await runFlow((reply) => reply.say("<thi"));
    assert.equal(text, "<thi");
  });

  it("P22: has the content without the reasoning as partial in the error of a stream that breaks off", async () => {
    const { last } = await runFlow((reply) => reply.send("<think>a</think>Hel", "lo").response.end());
    assert.equal((last.error as { partial: string }).partial, "Hello");
    assert.equal((last.stats as { characters: number }).characters, 5);
  });

  it("P22: sends held text if the stream is cancelled", async () => {
    service().reset();
    service().script = (reply) => void reply.send("<think>a", "</thi");
    const flow = await load(createAskFlow(service().url, {}, SPLIT_THINKING));
    flow.inject("ask", { payload: "Hi" });
    await flow.getInbox("out").waitForCount(1);
    flow.inject("ask", { cancel: true });
    const last = await waitForEnd(flow.getInbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(joinReasoning(flow.getInbox("out").messages), "a</thi");
  });

  it("P22: separates the reasoning of each choice by itself", async () => {
    const { messages, text } = await runFlow((reply) =>
      reply
        .send(createChunk("<think>a"), createChunk("<think>b</think>B", { index: 1 }), "</think>A")
        .send(createFinishChunk(), createChunk({}, { index: 1, finish_reason: "stop" }))
        .response.end("data: [DONE]\n\n"),
    );
    assert.equal(text, "A");
    const second = (messages as ReasoningMessage[])
      .flatMap(({ chunk }) => chunk?.choices ?? [])
      .filter((one) => (one as { index?: number }).index === 1);
    assert.deepEqual(
      second.map(({ delta }) => [delta.reasoning_content, delta.content]).filter(([r, c]) => r || c),
      [["b", "B"]],
    );
  });

  it("P22: leaves think tags in the text if splitThinking is off", async () => {
    const { text, reasoning } = await runFlow((reply) => reply.say(TEXT), {});
    assert.equal(text, TEXT);
    assert.equal(reasoning, "");
  });
});
