/** Records of Anthropic's Messages API, built from its reference and from reports of its behaviour; none is recorded. */

/** Formats a record as an event with Anthropic's event name. */
export function formatEvent(record: { type: string }): string {
  return `event: ${record.type}\ndata: ${JSON.stringify(record)}\n\n`;
}

/** Formats records as the body of a response. */
export function formatEvents(...records: { type: string }[]): Buffer {
  return Buffer.from(records.map(formatEvent).join(""));
}

export const PING = { type: "ping" };
export const STOP = { type: "message_stop" };

/** Creates the first record of an answer. */
export function createMessageStart(
  usage: object = { input_tokens: 25, output_tokens: 1 },
  message: object = {},
) {
  return {
    type: "message_start",
    message: {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude-1",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
      ...message,
    },
  };
}

/** Creates the record that begins a block. */
export function createBlockStart(index: number, contentBlock: object) {
  return { type: "content_block_start", index, content_block: contentBlock };
}

/** Creates a record that adds to a block. */
export function createBlockDelta(index: number, delta: object) {
  return { type: "content_block_delta", index, delta };
}

/** Creates the record that ends a block. */
export function createBlockStop(index: number) {
  return { type: "content_block_stop", index };
}

/** Creates all records of one block. */
export function createBlock(index: number, first: object, ...deltas: object[]) {
  return [
    createBlockStart(index, first),
    ...deltas.map((delta) => createBlockDelta(index, delta)),
    createBlockStop(index),
  ];
}

/** Creates the records of a text block, one delta per text. */
export function createTextBlock(index: number, ...texts: string[]) {
  return createBlock(
    index,
    { type: "text", text: "" },
    ...texts.map((piece) => ({ type: "text_delta", text: piece })),
  );
}

/** Creates the records of a thinking block, one delta per text and one for the signature. */
export function createThinkingBlock(index: number, pieces: readonly string[], signature = "c2ln") {
  return createBlock(
    index,
    { type: "thinking", thinking: "", signature: "" },
    ...pieces.map((piece) => ({ type: "thinking_delta", thinking: piece })),
    { type: "signature_delta", signature },
  );
}

/** Creates the records of a tool call, whose arguments come in pieces of JSON. */
export function createToolUseBlock(index: number, id: string, name: string, ...pieces: string[]) {
  return createBlock(
    index,
    { type: "tool_use", id, name, input: {} },
    ...["", ...pieces].map((partial_json) => ({ type: "input_json_delta", partial_json })),
  );
}

/** Creates the record with the stop reason, which comes before `STOP`. */
export function createMessageDelta(
  reason: string | null,
  usage: object = { output_tokens: 15 },
  delta: object = {},
) {
  return { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null, ...delta }, usage };
}

/** Creates an answer that is not streamed. */
export function createWholeMessage(content: object[], reason: string, more: object = {}) {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-1",
    content,
    stop_reason: reason,
    stop_sequence: null,
    usage: { input_tokens: 25, output_tokens: 15 },
    ...more,
  };
}

/** The usage that results from the counts of `createMessageStart` and `createMessageDelta`. */
export const COUNTED = {
  prompt_tokens: 25,
  completion_tokens: 15,
  total_tokens: 40,
  input_tokens: 25,
  output_tokens: 15,
};
