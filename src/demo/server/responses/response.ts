import { ERROR_ON_PURPOSE } from "../faults.js";
import type { AnswerItem, ResponsesAnswer } from "./answer.js";

/** How far an answer is. */
export type AnswerStatus = "queued" | "in_progress" | "completed" | "incomplete" | "failed" | "cancelled";

/** The status of an answer that nobody cancels, at its end. */
export function findEndStatus({ failure, isCut }: ResponsesAnswer): "completed" | "incomplete" | "failed" {
  if (failure) return "failed";
  return isCut ? "incomplete" : "completed";
}

/** An answer as a `response` of OpenAI's API reference. It holds the items once the answer is there. */
export function buildDemoResponse(answer: ResponsesAnswer, status: AnswerStatus): object {
  const { message, code } = ERROR_ON_PURPOSE.error;
  const isThere = status === "completed" || status === "incomplete";
  return {
    id: answer.id,
    object: "response",
    created_at: answer.createdAt,
    status,
    error: status === "failed" ? { code, message } : null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    model: answer.model.id,
    output: isThere ? answer.items.map((item) => buildDemoItem(answer, item)) : [],
    previous_response_id: null,
    ...answer.request.echo,
    truncation: "disabled",
    usage: isThere ? answer.usage : null,
  };
}

/** A whole item. */
export function buildDemoItem(answer: ResponsesAnswer, item: AnswerItem): object {
  const isCut = answer.isCut && item === answer.items.at(-1);
  return fillItem(answer, item, item.tokens.join(""), isCut ? "incomplete" : "completed");
}

/** An item that nothing has been added to yet. */
export function openItem(answer: ResponsesAnswer, item: AnswerItem): object {
  return fillItem(answer, item, undefined, "in_progress");
}

/** @param text undefined: there is not even an empty part */
function fillItem(
  { request }: ResponsesAnswer,
  item: AnswerItem,
  text: string | undefined,
  status: "in_progress" | "completed" | "incomplete",
): object {
  const { id } = item;
  if (item.kind === "call") {
    const { callId, name } = item;
    return { id, type: "function_call", status, call_id: callId, name, arguments: text ?? "" };
  }
  if (item.kind === "message") {
    const content = text === undefined ? [] : [buildTextPart(text)];
    return { id, type: "message", status, role: "assistant", content };
  }
  if (text === undefined) return { id, type: "reasoning", summary: [] };
  return request.summarises
    ? { id, type: "reasoning", summary: [buildSummaryPart(text)] }
    : { id, type: "reasoning", summary: [], content: [buildReasoningPart(text)] };
}

/** A part of an answer's message. */
export function buildTextPart(text: string): object {
  return { type: "output_text", annotations: [], logprobs: [], text };
}

/** A part of a summary of the reasoning. */
export function buildSummaryPart(text: string): object {
  return { type: "summary_text", text };
}

/** A part of the reasoning in the model's own words. */
export function buildReasoningPart(text: string): object {
  return { type: "reasoning_text", text };
}
