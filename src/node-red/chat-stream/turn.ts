import type { ChatResult } from "../../client/chat-types.js";
import type { AssistantMessage, ChatMessage } from "../../core/chat/chunk.js";
import { buildHistoryEntry, dropOlderPictures } from "../../core/chat/history-entry.js";
import { removeContinuation } from "../../core/retry/continuation.js";
import { joinContinuation } from "../../core/retry/overlap-trimmer.js";
import { continuesEarlierWork, readContinuation } from "../messages/ask-tags.js";
import type { Message } from "../red/api.js";
import { copyAsJson } from "../red/plain-copy.js";
import type { ComposedRequest } from "./composing/request.js";

/** Whether a stream completes a turn. An answer that calls tools does not: the request with their results contains it. */
export function endsTurn(result: ChatResult): boolean {
  return result.outcome === "complete" && result.finishReason !== "tool_calls";
}

/**
 * Adds a turn to the history: the new messages of the request, and the answer. System messages are a setting of the node
 * and no part of it. If the answer continues a broken one, the turn has the original request and the whole answer.
 * @param message the message that asked
 * @returns a new history
 */
export function addTurn(
  history: readonly ChatMessage[],
  composed: ComposedRequest,
  result: ChatResult,
  message: Message,
): ChatMessage[] {
  const newMessages = composed.request.messages.slice(-composed.turn.length);
  const reply = result.completion.choices[0]?.message;
  const continues = readContinuation(message);
  const broken = continues && removeContinuation(newMessages, continues);
  const text = broken
    ? joinContinuation(broken.text, readAnswerText(reply), continues)
    : readAnswerText(reply);
  // Nobody can tell what the reader has, and the retry node asks for the answer once more.
  if (text === undefined) return [...history];
  const answer = buildHistoryEntry(reply, text, result.service, hasCalledTools(newMessages));
  const turn = copyAsJson(
    (broken?.messages ?? newMessages).filter(({ role }) => role !== "system" && role !== "developer"),
    "The conversation",
  );
  // Results of tools are kept even without an answer to them.
  if (!answer && turn.at(-1)?.role !== "tool") return [...history];
  const answers = answer ? [answer] : [];
  if (!composed.isWholeConversation) return dropOlderPictures([...history, ...turn, ...answers]);
  const mayBeOutdated = continuesEarlierWork(message);
  return dropOlderPictures([...(mayBeOutdated ? mergeHistory(history, turn) : turn), ...answers]);
}

/**
 * Merges the messages of a repeated request, or of one with the results of tools, into the history. Such a request
 * contains the history as it was when the question was first asked. Turns that were added since go before the question.
 */
function mergeHistory(
  history: readonly ChatMessage[],
  messages: readonly ChatMessage[],
): readonly ChatMessage[] {
  const difference = history.findIndex(
    (entry, index) => JSON.stringify(entry) !== JSON.stringify(messages[index]),
  );
  // A request of a single turn that starts differently was asked when there was no history yet.
  const isSingleTurn = messages.filter(({ role }) => role === "user").length === 1;
  const hasGrown = difference > 0 || (difference === 0 && isSingleTurn);
  return hasGrown ? [...history, ...messages.slice(difference)] : messages;
}

/** Whether the model called tools since the user's latest message. */
function hasCalledTools(messages: readonly ChatMessage[]): boolean {
  const turn = messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1);
  return turn.some(({ tool_calls: calls }) => Array.isArray(calls) && calls.length > 0);
}

/** Reads the text of an answer, of a refusal, or of spoken audio. */
function readAnswerText(message: AssistantMessage | undefined): string {
  const spoken = message?.audio?.["transcript"];
  return message?.content ?? message?.refusal ?? (typeof spoken === "string" ? spoken : "");
}
