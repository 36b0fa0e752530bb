import type { ChatResult } from "../../client/chat-run.js";
import type { AssistantMessage, ChatMessage } from "../../core/chat/chunk.js";
import { keptAnswer, withNewestPictures } from "../../core/chat/history-entry.js";
import { withoutContinuation } from "../../core/retry/continuation.js";
import { joinContinuation } from "../../core/retry/overlap-trimmer.js";
import { continuesOf, tagOf } from "../messages/retry-tag.js";
import { asksForNextTurn } from "../messages/run-tag.js";
import type { Message } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";
import type { ComposedRequest } from "./request.js";

/** Whether a stream leaves a turn: an answer that asks for tools does not, for the next request brings it. */
export function endsTurn(result: ChatResult): boolean {
  return result.outcome === "complete" && result.finishReason !== "tool_calls";
}

/**
 * A history, grown by what was asked and answered. System messages are the node's setting, not a turn. Of an answer
 * that was broken off and went on, the turn is what was asked first and the whole answer, as its reader got it.
 * @param message the one that asked
 */
export function addTurn(
  history: readonly ChatMessage[],
  ask: ComposedRequest,
  result: ChatResult,
  message: Message,
): ChatMessage[] {
  const asked = ask.request.messages.slice(-ask.turn.length);
  const said = result.completion.choices[0]?.message;
  const continues = continuesOf(message);
  const broken = continues && withoutContinuation(asked, continues);
  const text = broken ? joinContinuation(broken.said, readAnswerText(said), continues) : readAnswerText(said);
  const answer = keptAnswer(said, text, result.service);
  const turn = copyAsJson(
    (broken?.messages ?? asked).filter(({ role }) => role !== "system" && role !== "developer"),
    "The conversation",
  );
  // What tools have done stays known.
  if (!answer && turn.at(-1)?.role !== "tool") return [...history];
  const answers = answer ? [answer] : [];
  if (!ask.isWholeConversation) return withNewestPictures([...history, ...turn, ...answers]);
  const older = tagOf(message) !== undefined || asksForNextTurn(message);
  return withNewestPictures([...(older ? mergeHistory(history, turn) : turn), ...answers]);
}

/**
 * A repeated request, or one that brings the results of tools, has the history that was first asked with. What has
 * been said meanwhile goes before it.
 */
function mergeHistory(
  history: readonly ChatMessage[],
  asked: readonly ChatMessage[],
): readonly ChatMessage[] {
  const differs = history.findIndex((entry, at) => JSON.stringify(entry) !== JSON.stringify(asked[at]));
  // What begins with another turn, and has one alone, was asked when there was no history yet.
  const alone = asked.filter(({ role }) => role === "user").length === 1;
  const grown = differs > 0 || (differs === 0 && alone);
  return grown ? [...history, ...asked.slice(differs)] : asked;
}

/** What it said, also where it declined or spoke. */
function readAnswerText(message: AssistantMessage | undefined): string {
  const spoken = message?.audio?.["transcript"];
  return message?.content ?? message?.refusal ?? (typeof spoken === "string" ? spoken : "");
}
