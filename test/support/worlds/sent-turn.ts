import type { ChatResult } from "../../../src/client/chat-types.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { buildStats } from "../../../src/core/chat/stats.js";
import { Failure } from "../../../src/core/failure.js";
import {
  addHistory,
  bringsMessages,
  mergeRequest,
} from "../../../src/node-red/chat-stream/composing/request.js";
import { StreamWriter } from "../../../src/node-red/messages/stream-writer.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createCallPieces, createDeltaChunk, type ModelTurn } from "./router-world.js";

/** Composes the request that a chat-stream makes of a message. @throws Failure if there is nothing to ask */
export function composeModelRequest(message: Message): ChatRequest {
  const prompt = bringsMessages(message) ? undefined : message.payload;
  const ask = mergeRequest(prompt, "msg.payload", message, {
    model: "m",
    system: "",
    showsSystem: false,
    parameters: {},
  });
  return addHistory(ask, [], "msg.payload");
}

/** Sends a model's turn as a chat-stream does: text, calls, and the last message. @param id id of the stream */
export function sendTurn(
  id: string,
  message: Message,
  request: ChatRequest | undefined,
  turn: ModelTurn,
  send: (message: Message) => void,
): void {
  const machine = new CompletionMachine();
  const writer = new StreamWriter({
    id,
    message,
    send: (output) => send(output as Message),
    mergeReads: false,
  });
  for (const text of turn.texts ?? []) {
    machine.addText(text);
    writer.writeText(text);
  }
  for (const chunk of createCallPieces(turn.calls ?? [])) {
    machine.addChunk(chunk);
    writer.writeChunk(structuredClone(chunk), "");
  }
  const failure = turn.fails && new Failure(turn.fails, "It failed.", { partial: machine.text });
  machine.addChunk({ ...createDeltaChunk({}, turn.finish ?? "stop"), usage: null });
  const result = {
    closing: machine.buildClosingChunk(),
    finishReason: failure ? "error" : machine.finishReason,
    stats: buildStats(1, machine.length, null, 100),
    ...(failure ? { failure } : {}),
  };
  writer.end(result as ChatResult, request ? { request } : {});
}
