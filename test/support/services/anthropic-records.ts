/** Records of Anthropic's Messages API, built after its reference and the notes on its habits; none is a recording. */

/** A record as an event, named as the service names it. */
export function formatEvent(record: { type: string }): string {
  return `event: ${record.type}\ndata: ${JSON.stringify(record)}\n\n`;
}

/** Records as the body of a response. */
export function formatEvents(...records: { type: string }[]): Buffer {
  return Buffer.from(records.map(formatEvent).join(""));
}

export const PING = { type: "ping" };
export const STOP = { type: "message_stop" };

/** How an answer begins. */
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

export function createBlockStart(index: number, contentBlock: object) {
  return { type: "content_block_start", index, content_block: contentBlock };
}

export function createBlockDelta(index: number, delta: object) {
  return { type: "content_block_delta", index, delta };
}

export function createBlockStop(index: number) {
  return { type: "content_block_stop", index };
}

/** All records of one block. */
export function createBlock(index: number, first: object, ...deltas: object[]) {
  return [
    createBlockStart(index, first),
    ...deltas.map((delta) => createBlockDelta(index, delta)),
    createBlockStop(index),
  ];
}

export function createTextBlock(index: number, ...texts: string[]) {
  return createBlock(
    index,
    { type: "text", text: "" },
    ...texts.map((piece) => ({ type: "text_delta", text: piece })),
  );
}

/** Thinking aloud, in pieces, with its signature. */
export function createThinkingBlock(index: number, pieces: readonly string[], signature = "c2ln") {
  return createBlock(
    index,
    { type: "thinking", thinking: "", signature: "" },
    ...pieces.map((piece) => ({ type: "thinking_delta", thinking: piece })),
    { type: "signature_delta", signature },
  );
}

export function createToolUseBlock(index: number, id: string, name: string, ...pieces: string[]) {
  return createBlock(
    index,
    { type: "tool_use", id, name, input: {} },
    ...["", ...pieces].map((partial_json) => ({ type: "input_json_delta", partial_json })),
  );
}

/** How an answer ends, but for `STOP`. */
export function createMessageDelta(
  reason: string | null,
  usage: object = { output_tokens: 15 },
  delta: object = {},
) {
  return { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null, ...delta }, usage };
}

/** The answer as it is where nobody asked for a stream. */
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

/** The counts that `start` and `finish` make together. */
export const COUNTED = {
  prompt_tokens: 25,
  completion_tokens: 15,
  total_tokens: 40,
  input_tokens: 25,
  output_tokens: 15,
};
