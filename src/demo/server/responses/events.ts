import { ERROR_ON_PURPOSE } from "../faults.js";
import { addFault, type StepKind } from "../steps.js";
import type { AnswerItem, ResponsesAnswer } from "./answer.js";
import {
  buildDemoItem,
  buildDemoResponse,
  buildReasoningPart,
  buildSummaryPart,
  buildTextPart,
  findEndStatus,
  openItem,
} from "./response.js";

/** An event of a stream. */
export interface ResponsesEvent {
  readonly kind: StepKind;
  /** Without `response.`, unless it is `error`. */
  readonly type: string;
  readonly fields: object;
}

/** The record of a `malformed` fault. It is JSON that is cut in the middle, so it has no number. */
export const MALFORMED_EVENT: ResponsesEvent = { kind: "other", type: "malformed", fields: {} };
const MALFORMED_RECORD =
  'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item_id":"msg_de\n\n';

/** Formats an event. @param number with which a client goes on after it later */
export function formatResponsesEvent(event: ResponsesEvent, number: number): string {
  if (event === MALFORMED_EVENT) return MALFORMED_RECORD;
  const { type, fields } = event;
  const name = type === "error" ? type : `response.${type}`;
  return `event: ${name}\ndata: ${JSON.stringify({ type: name, sequence_number: number, ...fields })}\n\n`;
}

/** The names of the events that carry an item's text, and the part that the text is in. */
interface TextEvents {
  /** Added to each event, beside the item. */
  readonly place: object;
  readonly part?: { readonly event: string; build(text: string): object };
  /** Without `.delta` and `.done`. */
  readonly text: string;
  /** The field of the `.done` event. */
  readonly field: "text" | "arguments";
}

const MESSAGE: TextEvents = {
  place: { content_index: 0 },
  part: { event: "content_part", build: buildTextPart },
  text: "output_text",
  field: "text",
};
const SUMMARY: TextEvents = {
  place: { summary_index: 0 },
  part: { event: "reasoning_summary_part", build: buildSummaryPart },
  text: "reasoning_summary_text",
  field: "text",
};
const REASONING: TextEvents = {
  place: { content_index: 0 },
  part: { event: "content_part", build: buildReasoningPart },
  text: "reasoning_text",
  field: "text",
};
const CALL: TextEvents = { place: {}, text: "function_call_arguments", field: "arguments" };

/**
 * The events of a streamed answer (OpenAI API reference, "Streaming events"). They are the same whenever they are asked
 * for. An `error` fault is among them, since it ends the answer itself and not only a stream of it.
 */
export function* buildEvents(answer: ResponsesAnswer): Generator<ResponsesEvent> {
  const { failure } = answer;
  if (!failure) {
    yield* buildUnbroken(answer);
    return;
  }
  const { message, code } = ERROR_ON_PURPOSE.error;
  const error = [
    createEvent("finish", "error", { code, message, param: null }),
    createEvent("finish", "failed", { response: buildDemoResponse(answer, "failed") }),
  ];
  for (const event of addFault(buildUnbroken(answer), failure, { error })) if ("type" in event) yield event;
}

/** The event that ends the streams of an answer which was cancelled. */
export function buildCancelEvent(answer: ResponsesAnswer): ResponsesEvent {
  return createEvent("finish", "cancelled", { response: buildDemoResponse(answer, "cancelled") });
}

function createEvent(kind: StepKind, type: string, fields: object): ResponsesEvent {
  return { kind, type, fields };
}

function* buildUnbroken(answer: ResponsesAnswer): Generator<ResponsesEvent> {
  const begun = { response: buildDemoResponse(answer, "in_progress") };
  yield createEvent("other", "created", begun);
  yield createEvent("other", "in_progress", begun);
  for (const [index, item] of answer.items.entries()) {
    yield createEvent("other", "output_item.added", { output_index: index, item: openItem(answer, item) });
    yield* buildTextEvents(answer, item, index);
    yield createEvent("other", "output_item.done", {
      output_index: index,
      item: buildDemoItem(answer, item),
    });
  }
  const status = findEndStatus(answer);
  yield createEvent("finish", status, { response: buildDemoResponse(answer, status) });
}

function* buildTextEvents(
  { request }: ResponsesAnswer,
  item: AnswerItem,
  index: number,
): Generator<ResponsesEvent> {
  const reasoning = request.summarises ? SUMMARY : REASONING;
  const { place, part, text, field } = { message: MESSAGE, call: CALL, reasoning }[item.kind];
  const at = { item_id: item.id, output_index: index, ...place };
  const whole = item.tokens.join("");
  const logprobs = item.kind === "message" ? { logprobs: [] } : {};
  const kind = item.kind === "reasoning" ? "reasoning" : "content";
  if (part) yield createEvent("other", `${part.event}.added`, { ...at, part: part.build("") });
  for (const delta of item.tokens) yield createEvent(kind, `${text}.delta`, { ...at, delta, ...logprobs });
  yield createEvent("other", `${text}.done`, { ...at, [field]: whole, ...logprobs });
  if (part) yield createEvent("other", `${part.event}.done`, { ...at, part: part.build(whole) });
}
