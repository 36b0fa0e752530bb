import type { DemoFields } from "../../json.js";
import { countUsage, generateChoice } from "../generation.js";
import { createId } from "../ids.js";
import type { DemoModel, Fault } from "../models.js";
import type { ResponsesRequest } from "./request.js";

/** One item of an answer, with its text in tokens. */
export type AnswerItem =
  | { readonly kind: "reasoning" | "message"; readonly id: string; readonly tokens: readonly string[] }
  | {
      readonly kind: "call";
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      /** Of the arguments. */
      readonly tokens: readonly string[];
    };

/** An answer in the form of Responses, known from its beginning to its end before the first chunk leaves. */
export interface ResponsesAnswer {
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly model: DemoModel;
  readonly request: ResponsesRequest;
  readonly items: readonly AnswerItem[];
  /** Whether a limit cut the answer, and with it its last item. */
  readonly isCut: boolean;
  /** The `error` fault with which the answer fails; undefined if it does not. */
  readonly failure: Fault | undefined;
  readonly usage: DemoFields;
}

/** Generates an answer. */
export function createAnswer(
  request: ResponsesRequest,
  model: DemoModel,
  fault: Fault | undefined,
): ResponsesAnswer {
  const cutAfter = fault?.kind === "length" ? fault.after : undefined;
  const generation = generateChoice(request, 0, model.reasons, cutAfter);
  const { reasoning, content, toolCalls, finishReason } = generation;
  const items: AnswerItem[] = [];
  if (reasoning.length > 0) items.push({ kind: "reasoning", id: createId("rs_"), tokens: reasoning });
  if (content.length > 0 || items.length + toolCalls.length === 0)
    items.push({ kind: "message", id: createId("msg_"), tokens: content });
  for (const { name, arguments: tokens } of toolCalls)
    items.push({ kind: "call", id: createId("fc_"), callId: createId("call_"), name, tokens });
  const counted = countUsage(request.prompt.messages, [generation]);
  return {
    id: createId("resp_"),
    createdAt: Math.floor(Date.now() / 1_000),
    model,
    request,
    items,
    isCut: finishReason === "length",
    failure: fault?.kind === "error" ? fault : undefined,
    usage: {
      input_tokens: counted.prompt_tokens,
      input_tokens_details: counted.prompt_tokens_details,
      output_tokens: counted.completion_tokens,
      output_tokens_details: counted.completion_tokens_details,
      total_tokens: counted.total_tokens,
    },
  };
}
