import type { ChatResult } from "../chat-run.js";
import type { ChatMessage } from "../core/chunk.js";
import { plainCopy } from "./plain.js";
import type { Ask } from "./prompt.js";

/** Whether a stream leaves a turn: an answer that asks for tools does not, for the next request brings it. */
export function endsTurn(result: ChatResult): boolean {
  return result.outcome === "complete" && result.finishReason !== "tool_calls";
}

/** A history, grown by what was asked and answered. System messages are the node's setting, not a turn. */
export function withTurn(history: readonly ChatMessage[], ask: Ask, result: ChatResult): ChatMessage[] {
  const asked = ask.request.messages.slice(-ask.turn.length);
  const turn = asked.filter(({ role }) => role !== "system" && role !== "developer");
  return [...(ask.whole ? [] : history), ...plainCopy(turn, "The conversation"), answerOf(result)];
}

/** The answer as history: what it said, without what services refuse to read back. */
function answerOf(result: ChatResult): ChatMessage {
  const message = result.completion.choices[0]?.message;
  return { role: message?.role ?? "assistant", content: message?.content ?? message?.refusal ?? "" };
}
