import type { Chunk, Usage } from "../../core/chat/chunk.js";
import { readCost } from "../../core/cost/amount.js";
import { type FailureCode, type FailureData, RETRYABLE_CODES } from "../../core/failure.js";
import { isObject, stringifyWithinDepth } from "../../core/json/parse.js";
import type { AnswerEnd } from "../../serving/form.js";
import { readFailure, readPayloadText } from "../messages/stream-message.js";
import type { Message } from "../red/api.js";
import { readErrorSource } from "../red/node-error.js";
import type { LogEntry } from "./answer-log.js";

/** Reads how an answer ends from its last message: of a stream, of collect, or of a flow without a model. */
export function readEnd(message: Message): AnswerEnd {
  const { finishReason, usage, stats } = message;
  const cost = readCost(message.cost);
  const reason = typeof finishReason === "string" ? finishReason : "stop";
  const durationMs = isObject(stats) ? stats["durationMs"] : undefined;
  const end: AnswerEnd = {
    finishReason: reason,
    usage: isObject(usage) ? (usage as Usage) : null,
    ...(cost ? { cost } : {}),
    ...(typeof durationMs === "number" ? { durationMs } : {}),
  };
  const failure = readAnyFailure(message) ?? createFailureByReason(reason);
  return failure ? { ...end, failure } : end;
}

/** Whether a message comes from a Catch node: some node of the flow failed. */
export function isCaught(message: Message): boolean {
  return readErrorSource(message) !== undefined;
}

/**
 * Reads a message that is a whole answer. An object becomes JSON; what `collect` put together keeps its tool calls and
 * its reasoning.
 */
export function readWholeAnswer(message: Message): LogEntry {
  const { payload, response } = message;
  const isData = typeof payload === "object" && payload !== null && !Buffer.isBuffer(payload);
  const text = isData ? stringifyWithinDepth(payload) : readPayloadText(message);
  const chunk = readResponse(response);
  return chunk ? { chunk, text } : text;
}

function readResponse(response: unknown): Chunk | undefined {
  const choices = isObject(response) && Array.isArray(response["choices"]) ? response["choices"] : [];
  const first: unknown = choices[0];
  if (!isObject(first) || !isObject(first["message"])) return undefined;
  const { content: _, role: _role, tool_calls: calls, ...fields } = first["message"];
  const pieces = Array.isArray(calls)
    ? calls.filter(isObject).map((call, index) => ({ ...call, index }))
    : [];
  const delta = { ...fields, ...(pieces.length > 0 ? { tool_calls: pieces } : {}) };
  return { choices: [{ index: 0, delta }] };
}

/** Reads the failure of a stream, of collect, or of a Catch node. */
function readAnyFailure(message: Message): FailureData | undefined {
  const { error } = message;
  if (error === undefined || error === null) return undefined;
  const failure = readFailure(message);
  if (failure) return failure;
  const cause = isObject(error) ? error["cause"] : undefined;
  if (isObject(cause) && typeof cause["code"] === "string") return cause as unknown as FailureData;
  // What a node says about itself is for the author of the flow.
  return createFailureData("configuration", "A node of the flow failed.");
}

function createFailureByReason(reason: string): FailureData | undefined {
  if (reason === "cancelled") return createFailureData("cancelled", "The answer was cancelled.");
  return reason === "error" ? createFailureData("server_error", "The answer failed.") : undefined;
}

/** Creates the failure of an answer that its stream knows nothing of. */
export function createFailureData(code: FailureCode, message: string): FailureData {
  return { code, message, retryable: RETRYABLE_CODES.has(code), phase: "end", provider: "", partial: "" };
}
