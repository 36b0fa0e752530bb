import assert from "node:assert/strict";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { DEFAULT_LIMITS } from "../../../src/core/limits.js";
import { buildFinishChunk, buildTextChunk, formatEventStream } from "../../support/inputs/openai-chunks.js";
import { decode, type PlayedStream, play } from "../../support/inputs/replay.js";
import { assertCheap } from "../../support/speed.js";
import { createFixture } from "../../support/worlds/played-answer.js";

/** Writes JSON that nests this deep. */
const writeNested = (depth: number, inner = "1") =>
  `${'{"a":['.repeat(depth / 2)}${inner}${"]}".repeat(depth / 2)}`;

/** Plays a text chunk with "Hello" and then records, given as JSON. */
function playAfterHello(...records: string[]): PlayedStream {
  return play(createFixture(formatEventStream(buildTextChunk("Hello"), ...records)));
}

/** Asserts that a stream failed at a limit, with small results that can be cloned. */
function assertLimit({ result }: PlayedStream, partial = "Hello"): void {
  assert.equal(result.failure?.code, "limit", result.failure?.message);
  assert.equal(result.failure.retryable, false);
  assert.equal(result.failure.partial, partial);
  structuredClone(result.completion);
  structuredClone(result.closing);
  assert.ok(JSON.stringify(result.completion).length < 2_000_000);
}

describe("Size limit of the decoder", () => {
  it("S07: fails with limit on JSON that nests too deeply in any place, and keeps nothing of it", () => {
    for (const depth of [DEFAULT_LIMITS.depth + 2, 2_000, 100_000]) {
      const deep = writeNested(depth);
      const places = [
        deep,
        `{"choices":[],"usage":${deep}}`,
        `{"choices":[],"vendor":${deep}}`,
        `{"choices":[{"index":0,"delta":{"content":"x"},"vendor":${deep}}]}`,
        `{"choices":[{"index":0,"delta":{"vendor":${deep}}}]}`,
        `{"choices":[{"index":0,"delta":{"content":${deep}}}]}`,
        `{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":${deep}}}]}}]}`,
        `{"choices":[{"index":0,"delta":{},"logprobs":{"content":[${deep}]}}]}`,
        `{"error":${deep}}`,
      ];
      for (const place of places) assertLimit(playAfterHello(place));
    }
  });

  it("S07: reads JSON that nests as deeply as services need", () => {
    const record = `{"choices":[{"index":0,"delta":{"content":"x"},"vendor":${writeNested(40)}}]}`;
    const { result } = playAfterHello(record, JSON.stringify(buildFinishChunk()));
    assert.equal(result.outcome, "complete");
    assert.equal(JSON.stringify(result.completion.choices[0]!["vendor"]), writeNested(40));
  });

  it("S07: keeps deeply nested tool arguments as text", () => {
    const args = writeNested(100_000);
    const piece = JSON.stringify({
      choices: [{ delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: args } }] } }],
    });
    const { result } = play(createFixture(formatEventStream(piece, piece, buildFinishChunk("tool_calls"))));
    assert.equal(
      result.completion.choices[0]!.message.tool_calls?.[0]?.function?.arguments.slice(0, args.length),
      args,
    );
  });

  it("S08: makes no more tool calls than the limit of ten thousand that come", () => {
    const writeCall = (index: number, id?: string) =>
      JSON.stringify({
        choices: [
          {
            delta: {
              tool_calls: [{ index, ...(id ? { id } : {}), function: { name: "f", arguments: "{}" } }],
            },
          },
        ],
      });
    const numbered = Array.from({ length: 10_000 }, (_none, at) => writeCall(at));
    const named = Array.from({ length: 10_000 }, (_none, at) => writeCall(0, `id${at}`));
    const together = JSON.stringify({
      choices: [
        {
          delta: {
            tool_calls: Array.from({ length: 10_000 }, (_none, at) => ({
              id: `id${at}`,
              function: { name: "f" },
            })),
          },
        },
      ],
    });
    for (const records of [numbered, named, [together]]) {
      const played = playAfterHello(...records);
      assertLimit(played);
      assert.ok(
        (played.result.completion.choices[0]!.message.tool_calls?.length ?? 0) <= DEFAULT_LIMITS.indices,
      );
    }
  });

  it("S09: fails at the limit of tool arguments, in one call or in many", () => {
    const writePiece = (index: number) =>
      JSON.stringify({
        choices: [{ delta: { tool_calls: [{ index, function: { arguments: "x".repeat(100_000) } }] } }],
      });
    const one = play(createFixture(formatEventStream(...Array.from({ length: 50 }, () => writePiece(0)))));
    assertLimit(one, "");
    const many = new CompletionMachine();
    assert.throws(() => {
      for (const call of decode(Array.from({ length: 100 }, (_none, at) => writePiece(at % 100)))) {
        if ("chunk" in call) many.addChunk(call.chunk);
      }
    }, /longer than 4000000 characters/);
  });

  it("S09: reads long tool arguments in tiny pieces in linear time", () => {
    const piece = JSON.stringify({
      choices: [{ delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: '{"}' } }] } }],
    });
    const body = formatEventStream(...Array.from({ length: 20_000 }, () => piece));
    // Scanning the whole text for each piece would take minutes.
    const { result } = assertCheap(() => play(createFixture(body)));
    assert.equal(result.completion.choices[0]!.message.tool_calls?.[0]?.function?.arguments.length, 60_000);
  });
});
