import assert from "node:assert/strict";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { DEFAULT_LIMITS } from "../../src/core/limits.js";
import { type Fixture, finish, sse, text } from "../support/inputs/fixtures.js";
import { decode, type Played, play } from "../support/inputs/replay.js";

const fixture = (body: Buffer): Fixture => ({ name: "", body, expect: { texts: [] } });
const nested = (depth: number, inner = "1") =>
  `${'{"a":['.repeat(depth / 2)}${inner}${"]}".repeat(depth / 2)}`;

/** Plays "Hello", then what comes as raw JSON. */
function afterHello(...records: string[]): Played {
  return play(fixture(sse(text("Hello"), ...records)));
}

function isLimit({ result }: Played, partial = "Hello"): void {
  assert.equal(result.failure?.code, "limit", result.failure?.message);
  assert.equal(result.failure.retryable, false);
  assert.equal(result.failure.partial, partial);
  structuredClone(result.completion);
  structuredClone(result.closing);
  assert.ok(JSON.stringify(result.completion).length < 2_000_000);
}

describe("Faults of size, within the core", () => {
  it("S07 JSON that nests too deeply is refused wherever it stands, and nothing of it is kept", () => {
    for (const depth of [DEFAULT_LIMITS.depth + 2, 2_000, 100_000]) {
      const deep = nested(depth);
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
      for (const place of places) isLimit(afterHello(place));
    }
  });

  it("S07 JSON as deep as services need is fine", () => {
    const record = `{"choices":[{"index":0,"delta":{"content":"x"},"vendor":${nested(40)}}]}`;
    const { result } = afterHello(record, JSON.stringify(finish()));
    assert.equal(result.outcome, "complete");
    assert.equal(JSON.stringify(result.completion.choices[0]!["vendor"]), nested(40));
  });

  it("S07 arguments that nest deeply are text, and stay text", () => {
    const args = nested(100_000);
    const piece = JSON.stringify({
      choices: [{ delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: args } }] } }],
    });
    const { result } = play(fixture(sse(piece, piece, finish("tool_calls"))));
    assert.equal(
      result.completion.choices[0]!.message.tool_calls?.[0]?.function.arguments.slice(0, args.length),
      args,
    );
  });

  it("S08 of ten thousand tool calls no more than the limit are made", () => {
    const call = (index: number, id?: string) =>
      JSON.stringify({
        choices: [
          {
            delta: {
              tool_calls: [{ index, ...(id ? { id } : {}), function: { name: "f", arguments: "{}" } }],
            },
          },
        ],
      });
    const numbered = Array.from({ length: 10_000 }, (_none, at) => call(at));
    const named = Array.from({ length: 10_000 }, (_none, at) => call(0, `id${at}`));
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
      const played = afterHello(...records);
      isLimit(played);
      assert.ok(
        (played.result.completion.choices[0]!.message.tool_calls?.length ?? 0) <= DEFAULT_LIMITS.indices,
      );
    }
  });

  it("S09 fifty megabytes of arguments are stopped at their limit, in one call or in many", () => {
    const piece = (index: number) =>
      JSON.stringify({
        choices: [{ delta: { tool_calls: [{ index, function: { arguments: "x".repeat(100_000) } }] } }],
      });
    const one = play(fixture(sse(...Array.from({ length: 50 }, () => piece(0)))));
    isLimit(one, "");
    const many = new CompletionMachine();
    assert.throws(() => {
      for (const call of decode(Array.from({ length: 100 }, (_none, at) => piece(at % 100)))) {
        if ("chunk" in call) many.addChunk(call.chunk);
      }
    }, /longer than 4000000 characters/);
  });

  it("S09 long arguments in tiny pieces cost no more than their length", () => {
    const piece = JSON.stringify({
      choices: [{ delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: '{"}' } }] } }],
    });
    const started = process.cpuUsage();
    const { result } = play(fixture(sse(...Array.from({ length: 20_000 }, () => piece))));
    const { user, system } = process.cpuUsage(started);
    assert.equal(result.completion.choices[0]!.message.tool_calls?.[0]?.function.arguments.length, 60_000);
    // Looking at all of them for each piece would take minutes.
    assert.ok(user + system < 5_000_000, `${(user + system) / 1000} ms`);
  });
});
