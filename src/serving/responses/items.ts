import type { AssistantMessage, ToolCall, Usage } from "../../core/chat/chunk.js";
import { isObject } from "../../core/json/parse.js";
import type { AnswerEnd, AnswerName, WholeAnswer } from "../form.js";
import { readCounts } from "../usage.js";

/** An item of a response's output. */
export type OutputItem = { type: string; id: string } & Record<string, unknown>;

/** The status of a response or an item, in the words of Responses. */
export type ResponseStatus = "in_progress" | "completed" | "incomplete";

/** The content of an item. */
export interface ItemContent {
  kind: "text" | "reasoning" | "function" | "custom";
  id: string;
  /** The text, the summary, the arguments or the input so far. */
  text: string;
  /** Whether more of it may follow. */
  isOpen: boolean;
  annotations?: readonly unknown[];
  callId?: string;
  name?: string;
}

/** Builds an item, whole or so far. */
export function buildItem({
  kind,
  id,
  text,
  isOpen,
  annotations = [],
  callId,
  name,
}: ItemContent): OutputItem {
  const status = isOpen ? "in_progress" : "completed";
  if (kind === "text") {
    const content = isOpen && text === "" ? [] : [{ type: "output_text", text, annotations }];
    return { type: "message", id, role: "assistant", status, content };
  }
  if (kind === "reasoning")
    return { type: "reasoning", id, summary: text === "" ? [] : [{ type: "summary_text", text }] };
  if (kind === "custom") return { type: "custom_tool_call", id, call_id: callId, name, input: text, status };
  return { type: "function_call", id, call_id: callId, name, arguments: text, status };
}

/** Builds the ids of items. Each belongs to one answer. */
export function buildItemId(name: AnswerName, kind: ItemContent["kind"], number: number): string {
  const prefix = { text: "msg", reasoning: "rs", function: "fc", custom: "ctc" }[kind];
  return `${prefix}_${name.id}_${number}`;
}

/** Builds a response with its output. @param end undefined while it runs */
export function buildResponse(name: AnswerName, output: readonly OutputItem[], end?: AnswerEnd): object {
  const status = readStatus(end);
  return {
    id: `resp_${name.id}`,
    object: "response",
    created_at: name.created,
    status,
    error: null,
    incomplete_details:
      status === "incomplete"
        ? { reason: end?.finishReason === "length" ? "max_output_tokens" : "content_filter" }
        : null,
    instructions: null,
    metadata: {},
    model: name.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    temperature: null,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: null,
    truncation: "disabled",
    usage: buildUsage(end?.usage ?? null),
  };
}

/** Builds the response of an answer that is not streamed. */
export function buildResponseBody(name: AnswerName, { completion, end }: WholeAnswer): object {
  return buildResponse(name, buildOutput(name, completion.choices[0]?.message), end);
}

/** Builds the output of an answer as far as it is known. */
export function buildOutput(name: AnswerName, message: AssistantMessage | undefined): OutputItem[] {
  const texts = [
    { kind: "reasoning" as const, text: message?.reasoning_content ?? "" },
    { kind: "text" as const, text: message?.content || message?.refusal || "" },
  ].filter(({ text }) => text !== "");
  const annotations = readAnnotations(message?.annotations);
  const items = texts.map(({ kind, text }, at) =>
    buildItem({
      kind,
      id: buildItemId(name, kind, at),
      text,
      isOpen: false,
      ...(kind === "text" ? { annotations } : {}),
    }),
  );
  return [...items, ...(message?.tool_calls ?? []).map((call, at) => buildCallItem(name, call, at))];
}

function buildCallItem(name: AnswerName, call: ToolCall, at: number): OutputItem {
  const { id: callId, function: called, custom } = call;
  const kind = custom ? "custom" : "function";
  return buildItem({
    kind,
    id: buildItemId(name, kind, at),
    text: called?.arguments ?? custom?.input ?? "",
    isOpen: false,
    callId,
    name: called?.name ?? custom?.name ?? "",
  });
}

/** Reads citations in the words of Responses: their fields stand beside the type. */
export function readAnnotations(annotations: unknown): object[] {
  if (!Array.isArray(annotations)) return [];
  return annotations.filter(isObject).flatMap((annotation) => {
    const { url_citation: nested } = annotation;
    const { url, title, start_index: start, end_index: end } = isObject(nested) ? nested : annotation;
    if (typeof url !== "string") return [];
    return [
      {
        type: "url_citation",
        url,
        title: typeof title === "string" ? title : "",
        start_index: typeof start === "number" ? start : 0,
        end_index: typeof end === "number" ? end : 0,
      },
    ];
  });
}

function readStatus(end: AnswerEnd | undefined): ResponseStatus {
  if (!end) return "in_progress";
  const { finishReason } = end;
  return finishReason === "length" || finishReason === "content_filter" ? "incomplete" : "completed";
}

function buildUsage(usage: Usage | null): object | null {
  const counts = readCounts(usage);
  if (!counts) return null;
  return {
    input_tokens: counts.prompt,
    input_tokens_details: { cached_tokens: readDetail(usage, "prompt_tokens_details", "cached_tokens") },
    output_tokens: counts.completion,
    output_tokens_details: {
      reasoning_tokens: readDetail(usage, "completion_tokens_details", "reasoning_tokens"),
    },
    total_tokens: counts.total,
  };
}

function readDetail(usage: Usage | null, group: string, key: string): number {
  const details = usage?.[group];
  const count = isObject(details) ? details[key] : undefined;
  return typeof count === "number" ? count : 0;
}
