import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { Failure } from "../../src/core/failure.js";
import { OpenAiDecoder } from "../../src/dialects/openai/decoder.js";
import { FIXTURES } from "../fixtures/index.js";
import { anyChunkLike, anyJson, anyRecords, framed } from "../support/inputs/arbitraries.js";
import { play, RecordingSink } from "../support/inputs/replay.js";

/** Feeds records, and checks what comes out: nothing but the sink's calls, failures that are ours, sound chunks. */
function survive(records: readonly (readonly [string, string | undefined])[]): void {
  const sink = new CheckingSink();
  const machine = new CompletionMachine();
  const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 128, toolNames: ["f"] });
  for (const [data, event] of records) if (!sink.over) decoder.decode(data, event);
  for (const call of sink.calls) {
    if ("chunk" in call) machine.addChunk(call.chunk);
    else if ("text" in call) machine.addText(call.text);
  }
  const completion = machine.buildCompletion("s");
  structuredClone(machine.buildClosingChunk());
  const first = completion.choices.find(({ index }) => index === 0);
  const said = sink.calls.map((call) => ("text" in call ? call.text : "")).join("");
  assert.equal(first?.message.content ?? "", said);
  assert.deepEqual(Object.keys(Object.prototype), []);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
}

class CheckingSink extends RecordingSink {
  override onFailure(failure: object): void {
    assert.ok(failure instanceof Failure);
    assert.ok(failure.message.length < 2_000, "a message is no place for a body");
    super.onFailure(failure);
  }
}

const anyEvent = fc.option(fc.constantFrom("error", "message"), { nil: undefined, freq: 8 });

describe("Whatever a service sends", function () {
  this.timeout(20_000);

  it("as JSON, only failures and chunks come of it", () => {
    const record = fc.tuple(
      anyJson.map((value) => JSON.stringify(value)),
      anyEvent,
    );
    fc.assert(fc.property(fc.array(record, { maxLength: 5 }), survive), { numRuns: 1_000 });
  });

  it("in something like chunks, only failures and chunks come of it", () => {
    const record = fc.tuple(
      anyChunkLike.map((value) => JSON.stringify(value)),
      anyEvent,
    );
    fc.assert(fc.property(fc.array(record, { maxLength: 6 }), survive), { numRuns: 1_000 });
  });

  it("as text, only failures and chunks come of it", () => {
    const record = fc.tuple(fc.oneof(fc.string({ unit: "binary" }), fc.json()), anyEvent);
    fc.assert(fc.property(fc.array(record, { maxLength: 5 }), survive), { numRuns: 1_000 });
  });

  it("as bytes that were once a stream, a run ends once and what it told is a beginning of the truth or the failure's", () => {
    const body = fc.oneof(
      fc.constantFrom(...FIXTURES.map((fixture) => fixture.body)),
      anyRecords.map((records) => framed(records)),
    );
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      byte: fc.nat(255),
      gone: fc.nat(3),
    });
    fc.assert(
      fc.property(body, fc.array(change, { minLength: 1, maxLength: 3 }), (whole, changes) => {
        const bytes = [...whole];
        for (const { at, byte, gone } of changes) bytes.splice(Math.floor(at * bytes.length), gone, byte);
        const { told, result } = play({ name: "mutated", body: Buffer.from(bytes), expect: { texts: [] } });
        assert.ok(result, "it ended");
        const said = told.map(({ text }) => text).join("");
        if (result.failure) {
          assert.ok(result.failure instanceof Failure);
          assert.equal(result.failure.partial, said);
        }
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
      { numRuns: 1_000 },
    );
  });

  it("under the names of prototypes, no prototype changes", () => {
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
        survive([
          [place, undefined],
          [place, undefined],
        ]);
      }
    }
  });
});
