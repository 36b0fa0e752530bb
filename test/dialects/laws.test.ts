import assert from "node:assert/strict";
import fc from "fast-check";
import type { Completion } from "../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { mergeChunks } from "../../src/core/chat/merge.js";
import { FIXTURES } from "../fixtures/index.js";
import { anyRecords, framed } from "../support/inputs/arbitraries.js";
import type { Fixture } from "../support/inputs/fixtures.js";
import { decode, type Played, play, type SinkCall, type Told } from "../support/inputs/replay.js";

const ID = "stream-1";

function streamOf(records: readonly string[]): Fixture {
  return { name: "any", body: framed(records), expect: { texts: [] } };
}

/** Runs a law over the fixtures and over random streams. */
function forAllStreams(law: (played: Played, name: string) => void, numRuns: number): void {
  for (const fixture of FIXTURES) law(play(fixture), fixture.name);
  fc.assert(
    fc.property(anyRecords, (records) => law(play(streamOf(records)), JSON.stringify(records))),
    { numRuns },
  );
}

describe("The laws of a stream", function () {
  this.timeout(20_000);

  it("The texts, joined, are the answer's text", () => {
    forAllStreams(({ told, result }, name) => {
      const joined = told.map(({ text }) => text).join("");
      const first = result.completion.choices.find(({ index }) => index === 0);
      assert.equal(joined, first?.message.content ?? "", name);
      if (result.failure) assert.equal(result.failure.partial, joined, name);
    }, 150);
  });

  it("Its messages and the closing chunk build the same completion again", () => {
    forAllStreams(({ told, result }, name) => {
      assert.deepEqual(collected(told, result), plain(result.completion), name);
    }, 150);
  });

  it("Its messages build the same completion however many are merged into one", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...FIXTURES),
          anyRecords.map((records) => streamOf(records)),
        ),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
        (fixture, sizes) => {
          const { told, result } = play(fixture);
          assert.deepEqual(collected(merged(told, sizes), result), plain(result.completion), fixture.name);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("Records that are known by their pattern say what they say when they are parsed", () => {
    let known = 0;
    fc.assert(
      fc.property(anyRecords, (records) => {
        const fast = decode(records);
        const slow = decode(records, { everyChunk: true });
        known += fast.filter((call) => "text" in call && !("chunk" in call)).length;
        assert.deepEqual(heard(fast), heard(slow));
        assert.deepEqual(completionOf(fast), completionOf(slow));
      }),
      { numRuns: 400 },
    );
    assert.ok(known > 300, `the pattern was used ${known} times`);
  });

  it("Nobody who changes a chunk that he was given reaches what the stream has kept", () => {
    for (const fixture of FIXTURES) {
      const { told, result } = play(fixture, undefined, true);
      const before = JSON.stringify(result.completion);
      for (const { chunk } of told) spoil(chunk);
      spoil(result.closing);
      spoil(result.completion);
      assert.equal(JSON.stringify(result.completion), before, fixture.name);
    }
  });
});

/** What `collect` makes of the messages. */
function collected(told: readonly Told[], { closing }: Played["result"]): Completion {
  const machine = new CompletionMachine();
  for (const { text, chunk } of told) {
    if (chunk) machine.addChunk(structuredClone(chunk), text);
    else machine.addText(text);
  }
  machine.addChunk(structuredClone(closing), "");
  return plain(machine.buildCompletion(ID));
}

/** Runs of messages as one, as the option that merges reads does it. */
function merged(told: readonly Told[], sizes: readonly number[]): Told[] {
  const result: Told[] = [];
  let left = 0;
  let turn = 0;
  for (const next of structuredClone(told)) {
    const last = result.at(-1);
    if (!last || left-- <= 0) {
      result.push({ ...next });
      left = sizes[turn++ % sizes.length]!;
      continue;
    }
    last.text += next.text;
    if (next.chunk) last.chunk = last.chunk ? mergeChunks(last.chunk, next.chunk) : next.chunk;
  }
  return result;
}

/** What a reader hears of the calls: texts, and chunks where there is more to tell. */
function heard(calls: readonly SinkCall[]): unknown[] {
  return calls.flatMap((call): unknown[] => {
    if (!("chunk" in call)) return [call];
    if (call.kind === "silent") return [];
    return call.kind === "text" ? [{ text: call.text }] : [call];
  });
}

function completionOf(calls: readonly SinkCall[]): Completion {
  const machine = new CompletionMachine();
  for (const call of calls) {
    if ("chunk" in call) machine.addChunk(call.chunk);
    else if ("text" in call) machine.addText(call.text);
  }
  return plain(machine.buildCompletion(ID));
}

/** As it would come out of JSON, so that an absent field is no other than one that is undefined. */
function plain(completion: Completion): Completion {
  return JSON.parse(JSON.stringify(completion)) as Completion;
}

function spoil(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) spoil(member);
  if (Array.isArray(value)) value.push("spoilt");
  else (value as Record<string, unknown>)["spoilt"] = true;
}
