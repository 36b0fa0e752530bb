import assert from "node:assert/strict";
import {
  buildFinishChunk,
  buildTextChunk,
  buildUsageChunk,
  DONE_RECORD,
  FIXTURE_USAGE,
  formatEventStream,
} from "../support/inputs/openai-chunks.js";
import { type PlayedStream, play } from "../support/inputs/replay.js";
import {
  buildEvent,
  buildMessageEvents,
  buildStream,
  buildTextDelta,
  type WireEvent,
} from "../support/services/responses-records.js";
import { createFixture, FOUR_WORDS, WORD_CHUNKS } from "../support/worlds/played-answer.js";

const RESPONSES = buildStream(buildMessageEvents(FOUR_WORDS));
const CHAT = [...WORD_CHUNKS, buildFinishChunk(), DONE_RECORD];
const TEXT = FOUR_WORDS.join("");
const LEFT_OUT = "and an other one";

/** Records of other forms than Responses, by what a person calls the form. */
const OTHERS: [string, unknown][] = [
  ["Chat Completions", buildTextChunk(LEFT_OUT)],
  ["Chat Completions", buildUsageChunk(FIXTURE_USAGE)],
  [
    "Anthropic Messages",
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: LEFT_OUT } },
  ],
  ["Gemini", { candidates: [{ content: { parts: [{ text: LEFT_OUT }] } }] }],
  ["Ollama", { model: "m", message: { role: "assistant", content: LEFT_OUT }, done: false }],
];

function playWith(stream: readonly unknown[], place: number, stray: unknown, tolerant = false): PlayedStream {
  const records = [...stream.slice(0, place), stray, ...stream.slice(place)];
  return play(createFixture(formatEventStream(...records), { tolerant }));
}

describe("Stream with a record of another API", () => {
  it("fails as bad_response that names both, if the stream is of Responses", () => {
    for (const [form, stray] of OTHERS) {
      for (let place = 1; place < RESPONSES.length; place++) {
        const { result } = playWith(RESPONSES, place, stray);
        const { code, message, partial, retryable } = result.failure!;
        assert.deepEqual([code, retryable], ["bad_response", false], `${form}, record ${place}`);
        assert.match(message, new RegExp(`in the form of OpenAI Responses, .* in the form of ${form} came`));
        assert.equal(partial, joinDeltas(RESPONSES.slice(0, place)));
      }
    }
  });

  it("fails as bad_response that names both, if the record is of Responses", () => {
    for (const stray of [buildTextDelta(LEFT_OUT), RESPONSES[0], RESPONSES.at(-1)]) {
      for (let place = 1; place < CHAT.length - 1; place++) {
        const { result } = playWith(CHAT, place, stray);
        assert.equal(result.failure?.code, "bad_response", `record ${place}`);
        assert.match(result.failure.message, /in the form of Chat Completions, .* of OpenAI Responses came/);
        assert.equal(result.failure.partial, FOUR_WORDS.slice(0, place).join(""));
      }
    }
  });

  it("fails as bad_response if records of Responses come in a stream of a third form", () => {
    const stream = FOUR_WORDS.map((content) => ({ model: "m", message: { content }, done: false }));
    const { result } = playWith(stream, 2, buildTextDelta(LEFT_OUT));
    assert.equal(result.failure?.code, "bad_response");
    assert.match(result.failure.message, /in the form of Ollama, .* of OpenAI Responses came/);
  });

  it("skips the record and counts it, if the provider is set to skip broken records", () => {
    for (const [form, stray] of OTHERS) {
      const { result } = playWith(RESPONSES, 6, stray, true);
      assert.deepEqual([result.outcome, result.skipped], ["complete", 1], form);
      assert.equal(result.completion.choices[0]!.message.content, TEXT);
    }
  });

  it("is complete if such a record comes behind the end of the answer", () => {
    for (const [form, stray] of OTHERS) {
      const { result } = playWith(RESPONSES, RESPONSES.length, stray);
      assert.deepEqual(
        [result.outcome, result.completion.choices[0]!.message.content],
        ["complete", TEXT],
        form,
      );
    }
  });

  it("is complete if the record only shows that the connection lives", () => {
    for (const stray of [{ type: "keepalive" }, buildEvent("keep_alive")]) {
      for (const stream of [CHAT, RESPONSES]) {
        for (let place = 0; place < stream.length; place++) {
          const { result } = playWith(stream, place, stray);
          assert.deepEqual([result.outcome, result.skipped], ["complete", 0], result.failure?.message);
          assert.equal(result.completion.choices[0]!.message.content, TEXT);
        }
      }
    }
  });
});

function joinDeltas(events: readonly WireEvent[]): string {
  return events.map(({ delta }) => delta ?? "").join("");
}
