import { randomUUID } from "node:crypto";
import { CompletionMachine } from "../core/chat/completion.js";
import { buildStats } from "../core/chat/stats.js";
import type { Failure } from "../core/failure.js";
import type { ChatResult } from "./chat-types.js";

const FINISH_REASONS = { complete: "stop", failed: "error", cancelled: "cancelled" } as const;

/** The end of a stream of which nothing came. */
export function buildEmptyResult(outcome: ChatResult["outcome"], failure?: Failure): ChatResult {
  const machine = new CompletionMachine();
  return {
    outcome,
    finishReason: FINISH_REASONS[outcome],
    stats: buildStats(0, 0, null, 0),
    skipped: 0,
    closing: machine.buildClosingChunk(),
    completion: machine.buildCompletion(randomUUID()),
    ...(failure ? { failure } : {}),
  };
}
