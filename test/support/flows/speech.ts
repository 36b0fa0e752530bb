import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import type { Inbox } from "../runtime/inbox.js";
import type { FlowNode } from "../runtime/node-red-api.js";
import type { Reply, Script } from "../services/scripted-service.js";
import { pause } from "../waiting.js";
import { createFlowNode, createProviderNode, createSinkNode, createWitnessNodes, TAB } from "./nodes.js";

/** A service that says `<text>` for a text, in pieces; built from OpenAI's and Venice's references, not recorded. */
export const speakInput: Script = async (reply, { body }) => {
  beginSound(reply);
  for (const piece of [`<${body["input"]}`, ">"]) {
    reply.response.write(piece);
    await pause(2);
  }
  reply.response.end();
};

/** Begins a sound. */
export function beginSound(reply: Reply, type = "audio/mpeg"): Reply["response"] {
  reply.response.writeHead(200, {
    "content-type": type,
    "x-request-id": "req-1",
    "x-ratelimit-remaining-requests": "9",
    "set-cookie": "session=secret",
  });
  reply.response.flushHeaders();
  return reply.response;
}

/** The texts of a stream, as a delta-buffer sends them. */
export function createTextStream(id: string, ...said: string[]): Message[] {
  const createParts = (index: number) => ({ id, index, type: "string", ch: "" });
  return [
    ...said.map((payload, index) => ({ payload, parts: createParts(index), topic: "t" })),
    {
      payload: "",
      parts: { ...createParts(said.length), count: said.length + 1 },
      topic: "t",
      complete: true,
      finishReason: "length",
      request: { model: "m" },
    },
  ];
}

/** All the sound of some messages, which these services speak in letters. */
export const joinSound = (messages: readonly Message[]) =>
  Buffer.concat(messages.map(({ payload }) => payload as Buffer)).toString();

/** A speech-stream with a sink behind it. */
export function createSpeechFlow(
  baseUrl: string,
  more: Record<string, unknown> = {},
  who: Record<string, unknown> = {},
): FlowNode[] {
  return [
    TAB,
    createProviderNode(baseUrl, who),
    createFlowNode("speech-stream", "speech", ["out"], { provider: "provider", ...more }),
    createSinkNode("out"),
    ...createWitnessNodes("speech"),
  ];
}

/** Asserts that what has arrived is one whole sequence of sound. */
export function assertOneSequence(inbox: Inbox): void {
  const { messages } = inbox;
  assert.deepEqual(
    messages.map(({ parts }) => parts!.index),
    [...messages.keys()],
  );
  assert.ok(messages.every(({ parts }) => parts!.type === "buffer"));
  assert.equal(messages.at(-1)!.parts!.count, messages.length);
  assert.equal(messages.filter(({ complete }) => complete).length, 1);
}
