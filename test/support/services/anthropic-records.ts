/** Records of Anthropic's Messages API, built after its reference and the notes on its habits; none is a recording. */

/** A record as an event, named as the service names it. */
export function event(record: { type: string }): string {
  return `event: ${record.type}\ndata: ${JSON.stringify(record)}\n\n`;
}

/** Records as the body of a response. */
export function events(...records: { type: string }[]): Buffer {
  return Buffer.from(records.map(event).join(""));
}

export const PING = { type: "ping" };
export const STOP = { type: "message_stop" };

/** How an answer begins. */
export function start(usage: object = { input_tokens: 25, output_tokens: 1 }, message: object = {}) {
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

export function blockStart(index: number, block: object) {
  return { type: "content_block_start", index, content_block: block };
}

export function blockDelta(index: number, delta: object) {
  return { type: "content_block_delta", index, delta };
}

export function blockStop(index: number) {
  return { type: "content_block_stop", index };
}

/** All records of one block. */
export function block(index: number, first: object, ...deltas: object[]) {
  return [blockStart(index, first), ...deltas.map((delta) => blockDelta(index, delta)), blockStop(index)];
}

export function text(index: number, ...texts: string[]) {
  return block(
    index,
    { type: "text", text: "" },
    ...texts.map((piece) => ({ type: "text_delta", text: piece })),
  );
}

/** Thinking aloud, in pieces, with its signature. */
export function thinking(index: number, pieces: readonly string[], signature = "c2ln") {
  return block(
    index,
    { type: "thinking", thinking: "", signature: "" },
    ...pieces.map((piece) => ({ type: "thinking_delta", thinking: piece })),
    { type: "signature_delta", signature },
  );
}

export function toolUse(index: number, id: string, name: string, ...pieces: string[]) {
  return block(
    index,
    { type: "tool_use", id, name, input: {} },
    ...["", ...pieces].map((partial_json) => ({ type: "input_json_delta", partial_json })),
  );
}

/** How an answer ends, but for `STOP`. */
export function finish(reason: string | null, usage: object = { output_tokens: 15 }, delta: object = {}) {
  return { type: "message_delta", delta: { stop_reason: reason, stop_sequence: null, ...delta }, usage };
}

/** The answer as it is where nobody asked for a stream. */
export function whole(content: object[], reason: string, more: object = {}) {
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
