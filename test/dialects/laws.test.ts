import assert from "node:assert/strict";
import fc from "fast-check";
import type { Completion } from "../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import { mergeChunks } from "../../src/core/chat/merge.js";
import { FIXTURES } from "../fixtures/index.js";
import { anyRecords } from "../support/inputs/arbitraries.js";
import type { Fixture } from "../support/inputs/fixtures.js";
import { formatMultilineEvents } from "../support/inputs/openai-chunks.js";
import {
  decode,
  type PlayedMessage,
  type PlayedStream,
  play,
  type SinkCall,
} from "../support/inputs/replay.js";

const ID = "stream-1";

function createStream(records: readonly string[]): Fixture {
  return { name: "any", body: formatMultilineEvents(records), expect: { texts: [] } };
}

/** Checks a law for every fixture and for random streams. */
function checkAllStreams(law: (played: PlayedStream, name: string) => void, numRuns: number): void {
  for (const fixture of FIXTURES) law(play(fixture), fixture.name);
  fc.assert(
    fc.property(anyRecords, (records) => law(play(createStream(records)), JSON.stringify(records))),
    { numRuns },
  );
}

describe("Laws of a stream", () => {
  it("joins the texts of all messages to the answer's text", () => {
    checkAllStreams(({ messages, result }, name) => {
      const joined = messages.map(({ text }) => text).join("");
      const first = result.completion.choices.find(({ index }) => index === 0);
      assert.equal(joined, first?.message.content ?? "", name);
      if (result.failure) assert.equal(result.failure.partial, joined, name);
    }, 150);
  });

  it("builds the same completion again from the messages and the closing chunk", () => {
    checkAllStreams(({ messages, result }, name) => {
      assert.deepEqual(collectMessages(messages, result), toPlain(result.completion), name);
    }, 150);
  });

  it("builds the same completion from messages that were merged", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.constantFrom(...FIXTURES),
          anyRecords.map((records) => createStream(records)),
        ),
        fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
        (fixture, sizes) => {
          const { messages, result } = play(fixture);
          assert.deepEqual(
            collectMessages(mergeMessages(messages, sizes), result),
            toPlain(result.completion),
            fixture.name,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("reads records by a template exactly as it parses them", () => {
    let templateCount = 0;
    fc.assert(
      fc.property(anyRecords, (records) => {
        const fast = decode(records);
        const slow = decode(records, { everyChunk: true });
        templateCount += fast.filter((call) => "text" in call && !("chunk" in call)).length;
        assert.deepEqual(toReaderView(fast), toReaderView(slow));
        assert.deepEqual(buildCompletion(fast), buildCompletion(slow));
      }),
      { numRuns: 400 },
    );
    assert.ok(templateCount > 300, `a template was used only ${templateCount} times`);
  });

  it("keeps the completion unchanged if a reader changes the chunks", () => {
    for (const fixture of FIXTURES) {
      const { messages, result } = play(fixture, undefined, true);
      const before = JSON.stringify(result.completion);
      for (const { chunk } of messages) alter(chunk);
      alter(result.closing);
      alter(result.completion);
      assert.equal(JSON.stringify(result.completion), before, fixture.name);
    }
  });
});

/** Builds the completion from messages, as `collect` does. */
function collectMessages(
  messages: readonly PlayedMessage[],
  { closing }: PlayedStream["result"],
): Completion {
  const machine = new CompletionMachine();
  for (const { text, chunk } of messages) {
    if (chunk) machine.addChunk(structuredClone(chunk), text);
    else machine.addText(text);
  }
  machine.addChunk(structuredClone(closing), "");
  return toPlain(machine.buildCompletion(ID));
}

/** Merges neighbouring messages, as the option that merges the chunks of a read does. */
function mergeMessages(messages: readonly PlayedMessage[], sizes: readonly number[]): PlayedMessage[] {
  const result: PlayedMessage[] = [];
  let left = 0;
  let turn = 0;
  for (const next of structuredClone(messages)) {
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

/** What a reader gets: a text, or a chunk if it carries more. */
function toReaderView(calls: readonly SinkCall[]): unknown[] {
  return calls.flatMap((call): unknown[] => {
    if (!("chunk" in call)) return [call];
    if (call.kind === "silent") return [];
    return call.kind === "text" ? [{ text: call.text }] : [call];
  });
}

function buildCompletion(calls: readonly SinkCall[]): Completion {
  const machine = new CompletionMachine();
  for (const call of calls) {
    if ("chunk" in call) machine.addChunk(call.chunk);
    else if ("text" in call) machine.addText(call.text);
  }
  return toPlain(machine.buildCompletion(ID));
}

/** Copies a completion through JSON, so that an undefined field equals an absent one. */
function toPlain(completion: Completion): Completion {
  return JSON.parse(JSON.stringify(completion)) as Completion;
}

function alter(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const member of Object.values(value)) alter(member);
  if (Array.isArray(value)) value.push("changed");
  else (value as Record<string, unknown>)["changed"] = true;
}
