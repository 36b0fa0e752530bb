import assert from "node:assert/strict";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import type { Failure } from "../../../src/core/failure.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";

/** What came before, in characters or in small entries of about as many. */
const SMALL = 2_000;
const LARGE = 512_000;

/** Short records that follow. */
const RECORDS = 400;

interface Stream {
  /** Records with much content. */
  before(size: number): object[];
  next(at: number): object;
}

const text = (size: number) => "x".repeat(size);
const listOf = <T>(size: number, create: (at: number) => T) =>
  Array.from({ length: Math.min(1500, Math.ceil(size / 340)) }, (_, at) => create(at));
const toolCall = (args: string) => ({
  choices: [
    { index: 0, delta: { tool_calls: [{ index: 0, id: "c", function: { name: "f", arguments: args } }] } },
  ],
});
const created = { type: "response.created", response: { id: "r" } };
const block = (type: string, size: number) => ({
  type: "content_block_start",
  index: 0,
  content_block: { type, data: text(size) },
});
const geminiCall = (piece: object) => ({
  candidates: [{ content: { parts: [{ functionCall: { name: "f", willContinue: true, ...piece } }] } }],
});

/** Streams in which much has come, and many short records follow that are about it. */
const STREAMS: Readonly<Record<string, Stream>> = {
  "steps of a tool of the service (Responses)": {
    before: (size) => [
      created,
      {
        type: "response.output_item.added",
        output_index: 0,
        item: { type: "web_search_call", x: text(size) },
      },
    ],
    next: (at) => ({ type: "response.web_search_call.searching", output_index: 0, at }),
  },
  "ends of the arguments of a call (Responses)": {
    before: (size) => [
      created,
      { type: "response.output_item.added", output_index: 0, item: { type: "function_call", name: "f" } },
      {
        type: "response.function_call_arguments.delta",
        output_index: 0,
        delta: JSON.stringify({ a: text(size) }),
      },
    ],
    next: () => ({ type: "response.function_call_arguments.done", output_index: 0, arguments: "1" }),
  },
  "ends of a text (Responses)": {
    before: (size) => [created, { type: "response.output_text.delta", output_index: 0, delta: text(size) }],
    next: (at) => ({ type: "response.output_text.done", output_index: 0, text: `x${at}` }),
  },
  "deltas of one of many items (Responses)": {
    before: (size) => [
      created,
      ...listOf(size, (at) => ({
        type: "response.output_item.added",
        output_index: at,
        item: { type: "message", id: `m${at}`, content: [] },
      })),
    ],
    next: (at) => ({ type: "response.output_text.delta", output_index: at % 2, item_id: "m0", delta: "a" }),
  },
  "counts of tokens (Anthropic)": {
    before: () => [
      {
        type: "message_start",
        message: {
          usage: Object.fromEntries([["input_tokens", 1], ...listOf(17_000, (at) => [`k${at}`, at])]),
        },
      },
    ],
    next: (at) => ({ type: "message_delta", delta: {}, usage: { output_tokens: at } }),
  },
  "deltas of a block of another kind (Anthropic)": {
    before: (size) => [block("odd", size)],
    next: (at) => ({ type: "content_block_delta", index: 0, delta: { type: "odd_delta", data: `${at}` } }),
  },
  "partial arguments (Gemini)": {
    before: (size) => [geminiCall({ partialArgs: [{ jsonPath: "$.a", stringValue: text(size) }] })],
    next: () => geminiCall({ args: {}, partialArgs: [{ jsonPath: "$.b", stringValue: "x" }] }),
  },
  "sources (Gemini)": {
    before: (size) =>
      listOf(size, (at) => ({
        candidates: [{ groundingMetadata: { groundingChunks: [{ web: { uri: `${at}` } }] } }],
      })),
    next: (at) => ({
      candidates: [{ groundingMetadata: { groundingChunks: [{ web: { uri: `n${at}` } }] } }],
    }),
  },
  "fragments behind complete arguments": {
    before: (size) => [toolCall(JSON.stringify({ a: text(size) }))],
    next: (at) => toolCall(`{${at}`),
  },
  "fragments that may repeat the arguments": {
    before: (size) => [toolCall(JSON.stringify({ a: text(size) })), toolCall('{"a":"')],
    next: (at) => toolCall(`x${at % 10}`),
  },
  "pieces of a block of reasoning": {
    before: (size) => [
      { choices: [{ index: 0, delta: { reasoning_details: [{ type: "t", index: 0, text: text(size) }] } }] },
    ],
    next: (at) => ({
      choices: [{ index: 0, delta: { reasoning_details: [{ type: "t", index: 0, signature: `${at}` }] } }],
    }),
  },
  "members of a field of the service": {
    before: (size) => [
      { choices: [{ index: 0, delta: { blocks: { big: text(size), ...listOf(size, String) } } }] },
    ],
    next: (at) => ({ choices: [{ index: 0, delta: { blocks: { small: at } } }] }),
  },
  "sources of a stream": {
    before: (size) => [{ choices: [], citations: listOf(size, String) }],
    next: (at) => ({ choices: [{ index: 0, delta: { content: "a" } }], citations: [`n${at}`] }),
  },
};

/** Decodes a stream. @returns milliseconds of this process for the short records */
function measureShortRecords({ before, next }: Stream, size: number): number {
  const machine = new CompletionMachine();
  let failure: Failure | undefined;
  const fail = (reported: Failure) => {
    failure ??= reported;
  };
  const sink = {
    onText: (added: string) => machine.addText(added),
    onChunk: (chunk: Parameters<CompletionMachine["addChunk"]>[0]) => machine.addChunk(chunk),
    onMarker: () => {},
    onSkipped: () => {},
    onFailure: fail,
    onBadRecord: fail,
  };
  const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 128, everyChunk: true, toolNames: ["f"] });
  for (const record of before(size)) decoder.decode(JSON.stringify(record));
  const start = process.cpuUsage();
  for (let at = 0; at < RECORDS && !failure; at++) decoder.decode(JSON.stringify(next(at)));
  const { user, system } = process.cpuUsage(start);
  assert.equal(failure?.code ?? "none", "none", failure?.message);
  return (user + system) / 1000;
}

describe("Short record after much content", () => {
  for (const [name, stream] of Object.entries(STREAMS)) {
    it(`S16: costs no more because much came before: ${name}`, () => {
      // The better of two: a garbage collection may fall into one.
      const measure = (size: number) =>
        Math.min(measureShortRecords(stream, size), measureShortRecords(stream, size));
      const few = measure(SMALL);
      const many = measure(LARGE);
      // Work for the whole of what came before would take 250 times as long.
      assert.ok(many < 8 * few + 150, `${many} ms after ${LARGE} characters, ${few} ms after ${SMALL}`);
    });
  }
});
