import assert from "node:assert/strict";
import type { Message } from "../../src/node-red/red/api.js";
import { askFlow } from "../support/runtime/flows.js";
import { useHelper } from "../support/runtime/helper.js";
import { end, textOf } from "../support/runtime/inbox.js";
import { createChunk, createFinishChunk, type Reply } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";

const SPLIT = { settings: { splitThinking: true } };
const TEXT = "<think>first <think>inner</think> 👋</think>\n\nHello <think> & co";

interface Said {
  payload?: unknown;
  chunk?: { choices: { delta: { reasoning_content?: string; content?: string } }[] };
}

function reasoningOf(messages: readonly Message[]): string {
  return (messages as readonly Said[])
    .flatMap(({ chunk }) => chunk?.choices ?? [])
    .map(({ delta }) => delta.reasoning_content ?? "")
    .join("");
}

describe("Think tags in the text", () => {
  const load = useHelper();
  const service = useService();

  /** What a flow gets of an answer. */
  async function read(answer: (reply: Reply) => void, settings: object = SPLIT, stream: object = {}) {
    service().reset();
    service().script = answer;
    const flow = await load(askFlow(service().url, { ...stream }, { ...settings }));
    flow.inject("ask", { payload: "Hi" });
    const last = await end(flow.inbox("out"));
    const messages = flow.inbox("out").messages;
    return { last, text: textOf(messages), reasoning: reasoningOf(messages), messages };
  }

  it("P22: cut at every offset, reasoning and content are exact", async () => {
    for (let at = 1; at < TEXT.length; at++) {
      const { text, reasoning, last } = await read((reply) => reply.say(TEXT.slice(0, at), TEXT.slice(at)));
      assert.equal(text, "\n\nHello <think> & co", `cut at ${at}`);
      assert.equal(reasoning, "first <think>inner</think> 👋", `cut at ${at}`);
      assert.equal(last.finishReason, "stop");
    }
  }).timeout(60_000);

  it("P22: in a letter each, and in the form with every chunk told", async () => {
    const letters = [...TEXT];
    for (const stream of [{}, { everyChunk: true }, { mergeReads: true }]) {
      const { text, reasoning } = await read((reply) => reply.say(...letters), SPLIT, stream);
      assert.equal(text, "\n\nHello <think> & co");
      assert.equal(reasoning, "first <think>inner</think> 👋");
    }
  });

  it("P22: never closed, and cut off in a tag, nothing is lost, however the stream ends", async () => {
    const held = ["<think>on and on", "</thin"];
    const ways: ((reply: Reply) => void)[] = [
      (reply) => reply.say(...held),
      (reply) => reply.send(...held).response.end("data: [DONE]\n\n"),
      (reply) => reply.send(...held, createFinishChunk()).response.end(),
      (reply) => reply.send(...held).response.end(),
      (reply) => reply.send(...held, { error: { message: "overloaded" } }).response.end(),
    ];
    for (const way of ways) {
      const { text, reasoning } = await read(way);
      assert.equal(text, "");
      assert.equal(reasoning, "on and on</thin");
    }
    const { text } = await read((reply) => reply.say("<thi"));
    assert.equal(text, "<thi");
  });

  it("P22: the part of the answer that has come is in the error of one that breaks off", async () => {
    const { last } = await read((reply) => reply.send("<think>a</think>Hel", "lo").response.end());
    assert.equal((last.error as { partial: string }).partial, "Hello");
    assert.equal((last.stats as { characters: number }).characters, 5);
  });

  it("P22: what is held when the stream is cancelled is told, too", async () => {
    service().reset();
    service().script = (reply) => void reply.send("<think>a", "</thi");
    const flow = await load(askFlow(service().url, {}, SPLIT));
    flow.inject("ask", { payload: "Hi" });
    await flow.inbox("out").atLeast(1);
    flow.inject("ask", { cancel: true });
    const last = await end(flow.inbox("out"));
    assert.equal(last.finishReason, "cancelled");
    assert.equal(reasoningOf(flow.inbox("out").messages), "a</thi");
  });

  it("P22: each choice has its own", async () => {
    const { messages, text } = await read((reply) =>
      reply
        .send(createChunk("<think>a"), createChunk("<think>b</think>B", { index: 1 }), "</think>A")
        .send(createFinishChunk(), createChunk({}, { index: 1, finish_reason: "stop" }))
        .response.end("data: [DONE]\n\n"),
    );
    assert.equal(text, "A");
    const second = (messages as Said[])
      .flatMap(({ chunk }) => chunk?.choices ?? [])
      .filter((one) => (one as { index?: number }).index === 1);
    assert.deepEqual(
      second.map(({ delta }) => [delta.reasoning_content, delta.content]).filter(([r, c]) => r || c),
      [["b", "B"]],
    );
  });

  it("P22: without the tick the text stays as it is", async () => {
    const { text, reasoning } = await read((reply) => reply.say(TEXT), {});
    assert.equal(text, TEXT);
    assert.equal(reasoning, "");
  });
});
