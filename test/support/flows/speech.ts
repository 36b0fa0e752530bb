import assert from "node:assert/strict";
import type { Message } from "../../../src/node-red/red/api.js";
import type { Inbox } from "../runtime/inbox.js";
import type { FlowNode } from "../runtime/node-red-api.js";
import type { Reply, Script } from "../services/scripted-service.js";
import { pause } from "../waiting.js";
import { createFlowNode, createProviderNode, createSinkNode, createWitnessNodes, TAB } from "./nodes.js";

/** A service that speaks `<text>` for a text, in two pieces. It is built from the API references of OpenAI and Venice. */
export const speakInput: Script = async (reply, { body }) => {
  beginSound(reply);
  for (const piece of [`<${body["input"]}`, ">"]) {
    reply.response.write(piece);
    await pause(2);
  }
  reply.response.end();
};

/** Sends the headers of a sound. @param type its content type */
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

/** Creates the messages of a stream with these texts, as a delta-buffer sends them. */
export function createTextStream(id: string, ...texts: string[]): Message[] {
  const createParts = (index: number) => ({ id, index, type: "string", ch: "" });
  return [
    ...texts.map((payload, index) => ({ payload, parts: createParts(index), topic: "t" })),
    {
      payload: "",
      parts: { ...createParts(texts.length), count: texts.length + 1 },
      topic: "t",
      complete: true,
      finishReason: "length",
      request: { model: "m" },
    },
  ];
}

/** Joins the sound of messages to a text. The test services speak in letters. */
export function joinSound(messages: readonly Message[]): string {
  return Buffer.concat(messages.map(({ payload }) => payload as Buffer)).toString();
}

/** Creates a flow: speech-stream → `out`. @param more settings of the speech-stream @param service of the provider */
export function createSpeechFlow(
  baseUrl: string,
  more: Record<string, unknown> = {},
  service: Record<string, unknown> = {},
): FlowNode[] {
  return [
    TAB,
    createProviderNode(baseUrl, service),
    createFlowNode("speech-stream", "speech", ["out"], { provider: "provider", ...more }),
    createSinkNode("out"),
    ...createWitnessNodes("speech"),
  ];
}

/** Asserts that the messages of an inbox are one whole sequence of sound. */
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
