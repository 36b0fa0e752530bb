import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk, Completion } from "../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../src/core/chat/completion.js";
import type { DecoderSink } from "../../src/dialects/dialect.js";
import { OpenAiDecoder } from "../../src/dialects/openai/decoder.js";
import { Repeats } from "../../src/dialects/template/repeats.js";
import { anyCuts, cutBuffer } from "../support/inputs/cutting.js";
import { formatMultilineEvents } from "../support/inputs/openai-chunks.js";
import { anyRepeatingRecords, REPEATING_FORMS } from "../support/inputs/repeating-streams.js";
import { decode, replay, type SinkCall } from "../support/inputs/replay.js";

/** How a service writes its events. */
const anyFormat = fc.constantFrom(
  formatMultilineEvents,
  (records: readonly string[]) => formatEvents(records, (data) => `data: ${data}\n\n`),
  (records: readonly string[]) => formatEvents(records, (data) => `data:${data}\r\n\r\n`),
  (records: readonly string[]) => formatEvents(records, (data) => `event: message\ndata: ${data}\n\n`),
  (records: readonly string[]) =>
    formatEvents(records, (data, at) => `${at % 5 === 4 ? ": ping\n\n" : ""}data: ${data}\n\n`),
);

function formatEvents(records: readonly string[], write: (data: string, at: number) => string): Buffer {
  return Buffer.from(records.map((record, at) => write(record.replaceAll("\n", " "), at)).join(""));
}

/** Counts the records that were not parsed, because they repeat the one before. */
function countRepeats(run: () => void): number {
  const { read } = Repeats.prototype;
  let count = 0;
  Repeats.prototype.read = function (...record) {
    const isRepeat = read.apply(this, record);
    if (isRepeat) count++;
    return isRepeat;
  };
  try {
    run();
  } finally {
    Repeats.prototype.read = read;
  }
  return count;
}

describe("Records that repeat the one before", () => {
  for (const form of REPEATING_FORMS) {
    it(`reads ${form.name} by templates exactly as it parses them`, () => {
      const repeats = countRepeats(() => {
        fc.assert(
          fc.property(anyRepeatingRecords(form), (records) => {
            const fast = decode(records, { tolerant: true });
            const slow = decode(records, { tolerant: true, everyChunk: true });
            assert.deepEqual(toReaderView(fast), toReaderView(slow));
            assert.deepEqual(buildCompletion(fast), buildCompletion(slow));
          }),
          { numRuns: 150 },
        );
      });
      assert.ok(repeats > 300, `only ${repeats} records were read by a template`);
    });
  }

  it("reads them so whichever bytes come in one read", () => {
    for (const form of REPEATING_FORMS) {
      const { contentType } = form;
      fc.assert(
        fc.property(anyRepeatingRecords(form), anyCuts, anyFormat, (records, cuts, format) => {
          const lines = records.map((record) => `${record.replaceAll("\n", " ")}\n`).join("");
          const body = contentType ? Buffer.from(lines) : format(records);
          const whole = replay([body], { tolerant: true, everyChunk: true }, contentType);
          const cut = replay(cutBuffer(body, cuts), { tolerant: true }, contentType);
          assert.deepEqual(toReaderView(cut), toReaderView(whole));
          assert.deepEqual(buildCompletion(cut), buildCompletion(whole));
        }),
        { numRuns: 40 },
      );
    }
  });

  it("parses only the first few of them", () => {
    for (const { name, start, build, end } of REPEATING_FORMS) {
      const texts = Array.from("abcdefghijklmnopqrst", (letter) => `"${letter}\n`);
      const records = [...start, ...texts.map(build), ...end];
      const repeats = countRepeats(() => decode(records));
      // The first record has a role or a name, the second shows what varies. Some forms change once.
      assert.ok(repeats >= texts.length - 6, `${name}: ${repeats} of ${texts.length}`);
    }
  });

  it("counts and assembles a piece of one text exactly as the chunk that it comes in", () => {
    let pieces = 0;
    for (const form of REPEATING_FORMS) {
      fc.assert(
        fc.property(anyRepeatingRecords(form), (records) => {
          const slow = assemble(records);
          const fast = assemble(records, () => pieces++);
          assert.deepEqual(fast, slow, form.name);
        }),
        { numRuns: 40 },
      );
    }
    assert.ok(pieces > 1000, `only ${pieces} chunks were taken as pieces`);
  });

  it("creates chunks that share nothing, so that a reader may change them", () => {
    for (const { name, start, build, end } of REPEATING_FORMS) {
      const chunks: string[] = [];
      const spoil = (chunk: Chunk) => {
        chunks.push(JSON.stringify(chunk));
        change(chunk);
      };
      const ignore = () => {};
      const decoder = new OpenAiDecoder(
        {
          onText: ignore,
          onChunk: spoil,
          onMarker: ignore,
          onFailure: (failure) => assert.fail(failure.message),
          onBadRecord: (failure) => assert.fail(failure.message),
          onSkipped: ignore,
        },
        { depth: 64, indices: 8 },
      );
      for (const record of [...start, ...Array.from("abcdefgh").map(build), ...end])
        decoder.decode(JSON.stringify(record));
      assert.doesNotMatch(chunks.join(), /spoilt/, name);
    }
  });
});

/** What a reader gets: a text, or a chunk if it carries more. */
function toReaderView(calls: readonly SinkCall[]): unknown[] {
  return calls.flatMap((call): unknown[] => {
    if (!("chunk" in call)) return [call];
    if (call.kind === "silent") return [];
    return call.kind === "text" ? [{ text: call.text }] : [JSON.parse(JSON.stringify(call))];
  });
}

function buildCompletion(calls: readonly SinkCall[]): Completion {
  const machine = new CompletionMachine();
  for (const call of calls) {
    if ("chunk" in call) machine.addChunk(call.chunk);
    else if ("text" in call) machine.addText(call.text);
  }
  return JSON.parse(JSON.stringify(machine.buildCompletion("s"))) as Completion;
}

/**
 * Assembles the answer of records.
 * @param onPiece is told of each chunk that is taken as a piece. Without it, all are taken as chunks.
 * @returns the answer and how much was counted of it
 */
function assemble(records: readonly unknown[], onPiece?: () => void): unknown {
  const machine = new CompletionMachine();
  let hasChunk = false;
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
  };
  const sink: DecoderSink = {
    onText: (text) => void (hasEnded || machine.addText(text)),
    onChunk: (chunk, kind) => {
      if (hasEnded) return;
      machine.addChunk(chunk);
      hasChunk ||= kind === "rich";
    },
    onMarker: end,
    onFailure: end,
    onBadRecord: end,
    onSkipped: () => {},
  };
  if (onPiece) {
    sink.onPiece = (chunk, field, piece) => {
      if (hasEnded) return;
      if (!hasChunk) {
        sink.onChunk(chunk, "rich", field === "content" ? piece : "");
        return;
      }
      machine.addPiece(field, piece, chunk.choices[0]!.logprobs);
      onPiece();
    };
  }
  const decoder = new OpenAiDecoder(sink, { depth: 64, indices: 8, tolerant: true });
  for (const record of records) decoder.decode(typeof record === "string" ? record : JSON.stringify(record));
  decoder.flush();
  const { contentSize, countedSize, hasContent, length } = machine;
  const answer = [machine.buildCompletion("s"), machine.buildClosingChunk()];
  return JSON.parse(JSON.stringify([...answer, { contentSize, countedSize, hasContent, length }]));
}

/** Changes everything in a value, as a flow may do with a message. */
function change(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    if (typeof member === "object") change(member);
    else (value as Record<string, unknown>)[key] = "spoilt";
  }
  if (Array.isArray(value)) value.push("spoilt");
}
