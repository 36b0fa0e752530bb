/**
 * The forms of records that services stream: for each, how the server writes it, and how the loop that one would write by
 * hand for it reads it. The texts are those of the corpus, so every client must deliver the same text from every form.
 */
import {
  createEndRecords,
  createPaddedRecord,
  createTextRecord,
  createVariedRecord,
  ROLE_RECORD,
} from "./corpus.mjs";

const write = (record) => `data: ${JSON.stringify(record)}\n\n`;
const writeEvent = (record) => `event: ${record.type}\ndata: ${JSON.stringify(record)}\n\n`;

/** Writes a record with the text of a delta, which is a JSON string already. */
const insert = (record, encoded) => record.replace("<text>", () => encoded);

/** A Chat Completions form. @param createRecord writes the record of a delta; its arguments are the delta and its position */
function createChatForm(goal, createRecord, read, more = {}) {
  return { goal, start: [ROLE_RECORD], createRecord, end: createEndRecords(0, false), read, ...more };
}

const readContent = (record) => record.choices[0]?.delta.content;

const [CHAT_HEAD, CHAT_TAIL] = createTextRecord("TEXT").split('"content":"TEXT"');

function createReasoningRecord(encoded) {
  return `${CHAT_HEAD}"content":null,"reasoning_content":"${encoded}"${CHAT_TAIL}`;
}

function createLogprobsRecord(encoded, position) {
  const token = JSON.parse(`"${encoded}"`);
  const entry = { token, logprob: -((position * 37) % 5000) / 1000, bytes: [...Buffer.from(token)] };
  const content = [{ ...entry, top_logprobs: [entry, { token: " x", logprob: -3.25, bytes: [32, 120] }] }];
  const logprobs = JSON.stringify({ content, refusal: null });
  return createTextRecord(encoded).replace('"logprobs":null', () => `"logprobs":${logprobs}`);
}

const ANTHROPIC_MESSAGE = { id: "msg_1", type: "message", role: "assistant", model: "claude", content: [] };

function createGeminiRecord(encoded, position, more = {}) {
  const record = {
    candidates: [{ content: { parts: [{ text: "<text>" }], role: "model" }, index: 0, ...more }],
    usageMetadata: {
      promptTokenCount: 9,
      candidatesTokenCount: position + 1,
      totalTokenCount: position + 10,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 9 }],
    },
    modelVersion: "gemini-2.5-flash",
    responseId: "mTqSaPm2DqXpz7IP8NXBkAY",
  };
  return insert(write(record), encoded);
}

function createOllamaRecord(encoded, position) {
  const time = `2025-11-21T10:${10 + (position % 50)}:30.${100_000_000 + ((position * 7919) % 899_999_999)}Z`;
  return `{"model":"llama3.2","created_at":"${time}","message":{"role":"assistant","content":"${encoded}"},"done":false}\n`;
}

const RESPONSE = {
  id: "resp_1",
  object: "response",
  created_at: 1763721600,
  model: "bench-large",
  output: [],
};

function createResponsesRecord(encoded, position) {
  const record = {
    type: "response.output_text.delta",
    item_id: "msg_1",
    output_index: 0,
    content_index: 0,
    delta: "<text>",
    logprobs: [],
    sequence_number: position + 2,
    obfuscation: "n7Kx2QpLw9ZsTe".slice(0, 1 + ((position * 7) % 14)),
  };
  return insert(writeEvent(record), encoded);
}

/**
 * The forms by their names.
 *
 * - `goal`: the cost of the core to that of the plain loop, at most
 * - `start`, `createRecord`, `end`: the records of an answer, as they are on the wire
 * - `read`: reads the text of a parsed record; `keep` is a list for what else the loop has to keep
 * - `contentType`: default `text/event-stream`
 * - `isReasoning`: the text is the model's reasoning
 */
export const FORMS = {
  "OpenAI, one id": createChatForm(0.5, createTextRecord, readContent),
  // OpenAI pads the records of both its APIs, so that their sizes do not show the text.
  "OpenAI, one id and padding": createChatForm(0.7, createPaddedRecord, readContent),
  "OpenAI, an id and a time each": createChatForm(
    0.7,
    (encoded, position) =>
      createVariedRecord(encoded, position).replace(
        "1763721600",
        String(1763721600 + Math.floor(position / 50)),
      ),
    readContent,
  ),
  "OpenAI with reasoning deltas": createChatForm(
    0.8,
    createReasoningRecord,
    (record) => record.choices[0]?.delta.reasoning_content,
    { isReasoning: true },
  ),
  "OpenAI with logprobs": createChatForm(1, createLogprobsRecord, (record, keep) => {
    for (const entry of record.choices[0]?.logprobs?.content ?? []) keep.push(entry);
    return readContent(record);
  }),
  "Anthropic text": {
    goal: 0.7,
    start: [
      writeEvent({ type: "message_start", message: { ...ANTHROPIC_MESSAGE, usage: { input_tokens: 9 } } }),
      writeEvent({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    ],
    createRecord: (encoded) =>
      insert(
        writeEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "<text>" } }),
        encoded,
      ),
    end: [
      writeEvent({ type: "content_block_stop", index: 0 }),
      writeEvent({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } }),
      writeEvent({ type: "message_stop" }),
    ],
    read: (record) => (record.type === "content_block_delta" ? record.delta.text : undefined),
  },
  "Gemini (usage grows in each record)": {
    goal: 0.7,
    start: [],
    createRecord: createGeminiRecord,
    end: [createGeminiRecord("", 1000, { finishReason: "STOP" })],
    read: (record) => record.candidates[0].content.parts[0].text,
  },
  "Ollama NDJSON (a time each)": {
    goal: 0.8,
    contentType: "application/x-ndjson",
    start: [],
    createRecord: createOllamaRecord,
    end: [
      '{"model":"llama3.2","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n',
    ],
    read: (record) => record.message.content,
  },
  "Responses text deltas": {
    goal: 0.7,
    start: [
      writeEvent({ type: "response.created", response: RESPONSE, sequence_number: 0 }),
      writeEvent({
        type: "response.output_item.added",
        output_index: 0,
        item: { id: "msg_1", type: "message", role: "assistant", content: [] },
        sequence_number: 1,
      }),
    ],
    createRecord: createResponsesRecord,
    end: [
      writeEvent({
        type: "response.completed",
        response: { ...RESPONSE, status: "completed", usage: { input_tokens: 3, output_tokens: 4 } },
      }),
    ],
    read: (record) => (record.type === "response.output_text.delta" ? record.delta : undefined),
  },
};
