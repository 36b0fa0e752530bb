import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { Failure } from "../../src/core/failure.js";
import { OpenAiDecoder } from "../../src/dialects/openai/decoder.js";
import { FIXTURES } from "../fixtures/index.js";
import { anyChunkLike, anyJson, anyRecords } from "../support/inputs/arbitraries.js";
import { formatMultilineEvents } from "../support/inputs/openai-chunks.js";
import { play, RecordingSink } from "../support/inputs/replay.js";

/** Decodes records and checks that only valid chunks and instances of `Failure` come out. */
function checkDecoding(records: readonly (readonly [string, string | undefined])[]): void {
  const sink = new CheckingSink();
  const machine = new CompletionMachine();
  const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 128, toolNames: ["f"] });
  for (const [data, event] of records) if (!sink.hasEnded) decoder.decode(data, event);
  for (const call of sink.calls) {
    if ("chunk" in call) machine.addChunk(call.chunk);
    else if ("text" in call) machine.addText(call.text);
  }
  const completion = machine.buildCompletion("s");
  structuredClone(machine.buildClosingChunk());
  const first = completion.choices.find(({ index }) => index === 0);
  const text = sink.calls.map((call) => ("text" in call ? call.text : "")).join("");
  assert.equal(first?.message.content ?? "", text);
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
}

class CheckingSink extends RecordingSink {
  override onFailure(failure: object): void {
    assert.ok(failure instanceof Failure);
    assert.ok(failure.message.length < 2_000, "the message quotes the whole body");
    super.onFailure(failure);
  }
}

const anyEvent = fc.option(fc.constantFrom("error", "message"), { nil: undefined, freq: 8 });

describe("Decoder, on malformed records", () => {
  it("turns any JSON into failures and valid chunks only", () => {
    const record = fc.tuple(
      anyJson.map((value) => JSON.stringify(value)),
      anyEvent,
    );
    fc.assert(fc.property(fc.array(record, { maxLength: 5 }), checkDecoding), { numRuns: 1_000 });
  });

  it("turns records that resemble chunks into failures and valid chunks only", () => {
    const record = fc.tuple(
      anyChunkLike.map((value) => JSON.stringify(value)),
      anyEvent,
    );
    fc.assert(fc.property(fc.array(record, { maxLength: 6 }), checkDecoding), { numRuns: 1_000 });
  });

  it("turns any text into failures and valid chunks only", () => {
    const record = fc.tuple(fc.oneof(fc.string({ unit: "binary" }), fc.json()), anyEvent);
    fc.assert(fc.property(fc.array(record, { maxLength: 5 }), checkDecoding), { numRuns: 1_000 });
  });

  it("ends a stream whose bytes were changed, and its failure has the text that was passed on", () => {
    const body = fc.oneof(
      fc.constantFrom(...FIXTURES.map((fixture) => fixture.body)),
      anyRecords.map((records) => formatMultilineEvents(records)),
    );
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: fc.nat(255),
      deleteCount: fc.nat(3),
    });
    fc.assert(
      fc.property(body, fc.array(change, { minLength: 1, maxLength: 3 }), (whole, changes) => {
        const bytes = [...whole];
        for (const { at, byte, deleteCount } of changes) {
          bytes.splice(Math.floor(at * bytes.length), deleteCount, byte);
        }
        const { messages, result } = play({
          name: "mutated",
          body: Buffer.from(bytes),
          expect: { texts: [] },
        });
        assert.ok(result, "the stream ended");
        const joined = messages.map(({ text }) => text).join("");
        if (result.failure) {
          assert.ok(result.failure instanceof Failure);
          assert.equal(result.failure.partial, joined);
        }
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
      { numRuns: 1_000 },
    );
  });

  it("changes no prototype if a record has keys such as __proto__ and constructor", () => {
    const keys = ["__proto__", "\\u005f_proto__", "constructor", "prototype"];
    for (const key of keys) {
      const inner = `{"${key}":{"polluted":1,"prototype":{"polluted":1}}}`;
      for (const place of [
        inner,
        `{"choices":[{"index":0,"delta":${inner}}]}`,
        `{"choices":[{"index":0,"delta":{},"more":${inner}}]}`,
        `{"choices":[],"more":${inner}}`,
        `{"choices":[],"usage":${inner}}`,
        `{"choices":[{"delta":{"tool_calls":[{"index":0,"more":${inner},"function":{"arguments":${inner}}}]}}]}`,
        `{"choices":[{"delta":{"audio":${inner},"reasoning_details":[${inner}]}}]}`,
        `{"error":${inner}}`,
      ]) {
        checkDecoding([
          [place, undefined],
          [place, undefined],
        ]);
      }
    }
  });
});
