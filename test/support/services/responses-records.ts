/**
 * Events of OpenAI's Responses API, built from its reference and from reports of its behaviour and of its imitations; none
 * is recorded.
 */

export type WireEvent = Record<string, unknown>;

export const RESPONSE_ID = "resp_1";

/** Some token counts. */
export const COUNTS = { input_tokens: 9, output_tokens: 5, total_tokens: 14 };

/** The usage that results from `COUNTS`. */
export const COUNTED = { prompt_tokens: 9, completion_tokens: 5, ...COUNTS };

/** Builds the response that snapshots and ends have. */
export function buildResponse(more: object = {}): object {
  return {
    id: RESPONSE_ID,
    object: "response",
    created_at: 1_760_000_000,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    model: "m-1",
    output: [],
    usage: null,
    ...more,
  };
}

/** Builds an event. @param name its type without `response.` */
export function buildEvent(name: string, more: object = {}): WireEvent {
  return { type: `response.${name}`, ...more };
}

/** Numbers events, as OpenAI does. */
export function numberEvents(events: readonly WireEvent[]): WireEvent[] {
  return events.map(({ type, ...event }, number) => ({ type, sequence_number: number, ...event }));
}

/** The events that begin a stream. */
export const START: readonly WireEvent[] = [
  buildEvent("created", { response: buildResponse() }),
  buildEvent("in_progress", { response: buildResponse() }),
];

/** Builds the event that ends a stream. @param output the items of the whole answer */
export function buildEnd(output: readonly unknown[], more: object = {}, name = "completed"): WireEvent {
  return buildEvent(name, { response: buildResponse({ status: name, output, usage: COUNTS, ...more }) });
}

/** Builds a text part. */
export function buildTextPart(text: string, more: object = {}): object {
  return { type: "output_text", annotations: [], logprobs: [], text, ...more };
}

/** Builds a whole message item. */
export function buildMessage(content: readonly unknown[], more: object = {}): object {
  return { id: "msg_1", type: "message", status: "completed", role: "assistant", content, ...more };
}

/** Builds a whole function call item. @param args JSON text */
export function buildCall(callId: string, name: string, args: string, more: object = {}): object {
  return {
    id: `fc_${callId}`,
    type: "function_call",
    status: "completed",
    arguments: args,
    call_id: callId,
    name,
    ...more,
  };
}

/** Builds a whole reasoning item. */
export function buildReasoning(summaries: readonly string[], more: object = {}): object {
  return {
    id: "rs_1",
    type: "reasoning",
    summary: summaries.map((text) => ({ type: "summary_text", text })),
    ...more,
  };
}

/** Builds a text delta. */
export function buildTextDelta(delta: string, index = 0, more: object = {}): WireEvent {
  return buildEvent("output_text.delta", {
    item_id: "msg_1",
    output_index: index,
    content_index: 0,
    delta,
    logprobs: [],
    ...more,
  });
}

/** Builds all events of a message with one text part. */
export function buildMessageEvents(
  pieces: readonly string[],
  index = 0,
  { id = `msg_${index}`, ...more }: Record<string, unknown> = {},
): WireEvent[] {
  const place = { item_id: id, output_index: index, content_index: 0 };
  const part = buildTextPart(pieces.join(""));
  const opened = buildMessage([], { id, status: "in_progress", ...more });
  return [
    buildEvent("output_item.added", { output_index: index, item: opened }),
    buildEvent("content_part.added", { ...place, part: buildTextPart("") }),
    ...pieces.map((piece) => buildTextDelta(piece, index, { item_id: id })),
    buildEvent("output_text.done", { ...place, text: pieces.join(""), logprobs: [] }),
    buildEvent("content_part.done", { ...place, part }),
    buildEvent("output_item.done", { output_index: index, item: buildMessage([part], { id, ...more }) }),
  ];
}

/** Builds all events of a function call. @param pieces of the arguments */
export function buildCallEvents(
  callId: string,
  name: string,
  pieces: readonly string[],
  index = 0,
): WireEvent[] {
  const id = `fc_${callId}`;
  const args = pieces.join("");
  const opened = buildCall(callId, name, "", { status: "in_progress" });
  return [
    buildEvent("output_item.added", { output_index: index, item: opened }),
    ...pieces.map((delta) =>
      buildEvent("function_call_arguments.delta", { item_id: id, output_index: index, delta }),
    ),
    buildEvent("function_call_arguments.done", { item_id: id, output_index: index, arguments: args }),
    buildEvent("output_item.done", { output_index: index, item: buildCall(callId, name, args) }),
  ];
}

/** Builds all events of a reasoning item with one summary. */
export function buildReasoningEvents(
  pieces: readonly string[],
  index = 0,
  { id = `rs_${index}`, ...more }: Record<string, unknown> = {},
): WireEvent[] {
  const place = { item_id: id, output_index: index, summary_index: 0 };
  const text = pieces.join("");
  return [
    buildEvent("output_item.added", { output_index: index, item: buildReasoning([], { id, ...more }) }),
    buildEvent("reasoning_summary_part.added", { ...place, part: { type: "summary_text", text: "" } }),
    ...pieces.map((delta) => buildEvent("reasoning_summary_text.delta", { ...place, delta })),
    buildEvent("reasoning_summary_text.done", { ...place, text }),
    buildEvent("reasoning_summary_part.done", { ...place, part: { type: "summary_text", text } }),
    buildEvent("output_item.done", { output_index: index, item: buildReasoning([text], { id, ...more }) }),
  ];
}

/** Lists the whole items of events: the final `output`. */
export function listItems(events: readonly WireEvent[]): unknown[] {
  return events.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item);
}

/** Builds a whole stream around the events of items. */
export function buildStream(events: readonly WireEvent[], more: object = {}, name?: string): WireEvent[] {
  return numberEvents([...START, ...events, buildEnd(listItems(events), more, name)]);
}

/** Formats events as OpenAI frames them, each with its name. */
export function formatEvents(events: readonly WireEvent[]): Buffer {
  return Buffer.from(
    events.map((event) => `event: ${String(event["type"])}\ndata: ${JSON.stringify(event)}\n\n`).join(""),
  );
}
