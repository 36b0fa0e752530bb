import assert from "node:assert/strict";
import fc from "fast-check";
import { type Answer, anyAnswer, RENDERERS, WHOLE_RENDERERS } from "../support/inputs/any-dialect.js";
import { anyCuts, anyPieceLengths, cutBuffer } from "../support/inputs/cutting.js";
import { play } from "../support/inputs/replay.js";

/** The fields that every chunk begins with. */
const HEAD = ["id", "object", "created", "model", "choices"];

interface AnswerView {
  text: string;
  reasoning: string;
  calls: { name: string; arguments: unknown }[];
  finishReason: string;
  usage: unknown;
}

describe("One answer in every dialect", () => {
  for (const [dialect, render] of Object.entries({ ...RENDERERS, ...WHOLE_RENDERERS })) {
    it(`reads the same answer from the records of ${dialect}, however the bytes are cut`, () => {
      fc.assert(
        fc.property(anyAnswer, anyPieceLengths, anyCuts, (answer, lengths, cuts) => {
          const { body, contentType } = render(answer, lengths);
          const fixture = {
            name: dialect,
            body,
            expect: { texts: [] },
            ...(contentType ? { contentType } : {}),
          };
          const { messages, result } = play(fixture, cutBuffer(body, cuts));
          assert.equal(result.failure?.message, undefined);
          assert.equal(result.outcome, "complete");
          assert.equal(messages.map(({ text }) => text).join(""), answer.texts.join(""), "the joined texts");

          const [choice] = result.completion.choices;
          const calls = choice!.message.tool_calls ?? [];
          assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length, "the ids of calls differ");
          const { prompt_tokens, completion_tokens, total_tokens } = result.completion.usage ?? {};
          assert.deepEqual(
            {
              text: choice!.message.content ?? "",
              reasoning: choice!.message.reasoning_content ?? "",
              calls: calls.map((call) => ({
                name: call.function!.name,
                arguments: JSON.parse(call.function!.arguments) as unknown,
              })),
              finishReason: result.finishReason,
              usage: { prompt_tokens, completion_tokens, total_tokens },
            },
            buildExpectation(answer),
          );
        }),
        { numRuns: 300 },
      );
    });
  }
});

describe("Chunks of every dialect", () => {
  for (const [dialect, render] of Object.entries({ ...RENDERERS, ...WHOLE_RENDERERS })) {
    for (const everyChunk of [false, true]) {
      const which = everyChunk ? "every chunk" : "chunks with more than text";
      it(`begin with the same fields, the first also with its role: ${dialect}, ${which}`, () => {
        fc.assert(
          fc.property(anyAnswer, anyPieceLengths, (answer, lengths) => {
            const { body, contentType } = render(answer, lengths);
            const fixture = {
              name: dialect,
              body,
              expect: { texts: [] },
              ...(contentType ? { contentType } : {}),
            };
            const { messages } = play(fixture, [body], everyChunk);
            const chunks = messages.flatMap(({ chunk }) => chunk ?? []);
            if (everyChunk) assert.equal(chunks.length, messages.length);
            for (const chunk of chunks) {
              assert.deepEqual(Object.keys(chunk).slice(0, 5), HEAD);
              assert.equal(typeof chunk["id"], "string");
              assert.equal(chunk["object"], "chat.completion.chunk");
            }
            assert.ok(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size <= 1);
            const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
            const [first, ...later] = deltas;
            if (first) assert.deepEqual(Object.entries(first)[0], ["role", "assistant"]);
            assert.ok(later.every((delta) => !("role" in delta)));
          }),
          { numRuns: 100 },
        );
      });
    }
  }
});

function buildExpectation({ texts, reasoning, calls, finishReason, usage }: Answer): AnswerView {
  return {
    text: texts.join(""),
    reasoning: reasoning.join(""),
    calls: [...calls],
    finishReason,
    usage: {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
    },
  };
}
