import assert from "node:assert/strict";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { type Failure, toFailure } from "../../../src/core/failure.js";
import { DEFAULT_LIMITS } from "../../../src/core/limits.js";
import { HeldSize } from "../../../src/dialects/held-size.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";

const LONG = "x".repeat(50_000);

/** Limits that are a sixteenth of the usual ones, so that they are reached soon. */
const LIMITS = { ...DEFAULT_LIMITS, attachments: 2_000_000 };
const MAX_HELD_BYTES = 1_000_000;

/** More than may be kept, in records of 50 KB. */
const MAX_RECORDS = 120;

const openAi = (delta: object, choice: object = {}) => ({ choices: [{ index: 0, delta, ...choice }] });
const call = (at: number, piece: object) =>
  openAi({ tool_calls: [{ index: at % 128, ...piece }] }, { index: at >> 7 });
const anthropicDelta = (delta: object) => ({ type: "content_block_delta", index: 0, delta });
const geminiCall = (piece: object) => ({
  candidates: [
    { content: { parts: [{ functionCall: { name: "f", willContinue: true, partialArgs: [piece] } }] } },
  ],
});
const members = (at: number) =>
  Object.fromEntries(Array.from({ length: 500 }, (_, member) => [`${at}_${member}`, {}]));

/** Streams whose answer stays empty or short while something else grows. */
const STREAMS: Readonly<Record<string, { first?: object; next: (at: number) => object }>> = {
  "ids of tool calls": { next: (at) => call(at, { id: at + LONG, function: { name: "f" } }) },
  "names of tool calls": { next: (at) => call(at, { id: `${at}`, function: { name: at + LONG } }) },
  "types of tool calls": {
    next: (at) => call(at, { id: `${at}`, type: at + LONG, function: { name: "f" } }),
  },
  "roles of choices": { next: (at) => openAi({ role: at + LONG }, { index: at }) },
  "finish reasons of choices": { next: (at) => openAi({}, { index: at, finish_reason: at + LONG }) },
  "names of fields": { next: (at) => openAi({ [at + LONG]: 1 }) },
  "many small members": { next: (at) => ({ choices: [], vendor: members(at) }) },
  "many small members of annotations": { next: (at) => openAi({ annotations: [members(at)] }) },
  "members of Anthropic's usage": {
    first: { type: "message_start", message: { usage: { input_tokens: 1 } } },
    next: (at) => ({ type: "message_delta", delta: {}, usage: { [at + LONG]: 1 } }),
  },
  "members of a block that only Anthropic knows": {
    first: { type: "content_block_start", index: 0, content_block: { type: "web_search_tool_result" } },
    next: (at) => anthropicDelta({ type: "odd_delta", [`m${at}`]: { deep: [LONG] } }),
  },
  "names in a block that only Anthropic knows": {
    first: { type: "content_block_start", index: 0, content_block: { type: "web_search_tool_result" } },
    next: (at) => anthropicDelta({ type: "odd_delta", [at + LONG]: 1 }),
  },
  "names in the arguments of Gemini's calls": {
    next: (at) => geminiCall({ jsonPath: `$.${at}${LONG}`, numberValue: 1 }),
  },
  "many small arguments of Gemini's calls": {
    next: (at) => ({
      candidates: [
        {
          content: {
            parts: Array.from({ length: 500 }, (_, part) => ({
              functionCall: {
                name: "f",
                willContinue: true,
                partialArgs: [{ jsonPath: `$.a${at}_${part}`, nullValue: null }],
              },
            })),
          },
        },
      ],
    }),
  },
  "ids of the items of Responses": {
    first: { type: "response.created", response: { id: "r" } },
    next: (at) => ({
      type: "response.output_item.done",
      output_index: 0,
      item: { type: "message", id: at + LONG, content: [] },
    }),
  },
  "input of a tool of Responses that has no name": {
    first: { type: "response.created", response: { id: "r" } },
    next: () => ({
      type: "response.custom_tool_call_input.delta",
      output_index: 0,
      item_id: "c",
      delta: LONG,
    }),
  },
};

/** Decodes the records of a stream until it fails. @returns the failure and how many records it took */
function decodeUntilFailure({ first, next }: (typeof STREAMS)[string]): { failure?: Failure; count: number } {
  const machine = new CompletionMachine(LIMITS);
  let failure: Failure | undefined;
  const fail = (reported: Failure) => {
    failure ??= reported;
  };
  const sink = {
    onText: (text: string) => machine.addText(text),
    onChunk: (chunk: Parameters<CompletionMachine["addChunk"]>[0]) => machine.addChunk(chunk),
    onMarker: () => {},
    onSkipped: () => {},
    onFailure: fail,
    onBadRecord: fail,
  };
  const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 128, held: new HeldSize(MAX_HELD_BYTES) });
  const decode = (record: object) => {
    try {
      decoder.decode(JSON.stringify(record));
    } catch (thrown) {
      fail(toFailure(thrown));
    }
  };
  if (first) decode(first);
  let count = 0;
  while (!failure && count < MAX_RECORDS) decode(next(count++));
  return failure ? { failure, count } : { count };
}

describe("Stream that grows without an answer", () => {
  for (const [name, stream] of Object.entries(STREAMS)) {
    it(`S13: fails with limit: ${name}`, () => {
      const { failure, count } = decodeUntilFailure(stream);
      assert.equal(failure?.code, "limit", failure?.message ?? `no failure after ${count} records`);
      assert.equal(failure.retryable, false);
      assert.ok(failure.message.length < 300, failure.message);
    });
  }

  it("S13: reads lists of half a million entries without a call that is too long for the stack", () => {
    const list = Array.from({ length: 200_000 }, () => 1);
    for (const record of [
      openAi({ images: list }),
      openAi({ content: "a" }, { logprobs: { content: list } }),
    ]) {
      const { failure } = decodeUntilFailure({ next: () => record });
      assert.equal(failure?.code, "limit");
    }
  });
});
