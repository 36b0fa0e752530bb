import assert from "node:assert/strict";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { ThinkingFilter } from "../../../src/dialects/thinking.js";
import { FIXTURES } from "../../fixtures/index.js";
import { readRecords } from "../../support/inputs/replay.js";

const CHARS = 200_000;

/** Enough for a slow machine that does other work. Quadratic code takes seconds. */
const MAX_MS = 500;

/** Beginnings of something that never ends, of every form that some reader looks for. */
const PIECES = [
  "<think>",
  "<",
  "<|channel|>",
  "<|start|>",
  '{"a":',
  "[",
  '"',
  "\\",
  "$.a",
  "['",
  "1h",
  "9",
  "a.",
  "data: ",
  "\r",
  " ",
  "&#x41;",
  "http://",
  "\u0301",
];

type Path = readonly string[];

/** Lists the places of the texts in a record. */
function listTexts(value: unknown, path: Path = []): Path[] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => listTexts(member, [...path, name]));
}

function putText(value: unknown, [name, ...rest]: Path, text: string): unknown {
  if (name === undefined) return text;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
  copy[name] = putText(copy[name], rest, text);
  return copy;
}

interface Place {
  name: string;
  tools: readonly string[];
  before: readonly unknown[];
  record: unknown;
  path: Path;
}

/** Lists each place of a text in the records of all fixtures once. */
function listPlaces(): Place[] {
  const places = new Map<string, Place>();
  for (const { name, body, contentType, tools = [] } of FIXTURES) {
    const records = readRecords([body], contentType).flatMap((record) => {
      try {
        return [JSON.parse((Array.isArray(record) ? record[0] : record) as string) as unknown];
      } catch {
        return [];
      }
    });
    for (const [at, record] of records.entries()) {
      for (const path of listTexts(record)) {
        const key = JSON.stringify([
          (record as { type?: unknown }).type,
          path.map((step) => step.replace(/^\d+$/, "0")),
        ]);
        if (!places.has(key)) places.set(key, { name, tools, before: records.slice(0, at), record, path });
      }
    }
  }
  return [...places.values()];
}

/** Decodes a record with a hostile text. @returns milliseconds of this process */
function measureDecoding({ tools, before, record, path }: Place, text: string): number {
  const machine = new CompletionMachine();
  let hasFailed = false;
  const fail = () => {
    hasFailed = true;
  };
  const sink = {
    onText: (added: string) => machine.addText(added),
    onChunk: (chunk: Parameters<CompletionMachine["addChunk"]>[0]) => machine.addChunk(chunk),
    onMarker: () => {},
    onSkipped: () => {},
    onFailure: fail,
    onBadRecord: fail,
  };
  const decoder = new OpenAiDecoder(new ThinkingFilter(sink), {
    depth: 64,
    indices: 128,
    toolNames: [...tools],
  });
  for (const earlier of before) if (!hasFailed) decoder.decode(JSON.stringify(earlier));
  const data = JSON.stringify(putText(record, path, text));
  const start = process.cpuUsage();
  try {
    decoder.decode(data);
    decoder.flush();
  } catch (thrown) {
    assert.ok(thrown instanceof Failure, String(thrown));
  }
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Measures once more if the first time was too long: a garbage collection of earlier tests may have fallen into it. */
function measureFairly(place: Place, text: string): number {
  const first = measureDecoding(place, text);
  return first < MAX_MS ? first : Math.min(first, measureDecoding(place, text));
}

describe("Hostile text in any place of a record", function () {
  this.timeout(120_000);

  it("S17: takes linear time in every dialect", () => {
    const texts = PIECES.map((piece) => piece.repeat(Math.ceil(CHARS / piece.length)));
    for (const [at, place] of listPlaces().entries()) {
      // Two texts for each place; neighbours have others.
      for (const text of [texts[(2 * at) % texts.length]!, texts[(2 * at + 1) % texts.length]!]) {
        const ms = measureFairly(place, text);
        assert.ok(ms < MAX_MS, `${ms} ms: ${place.name}, ${place.path.join(".")}, ${text.slice(0, 12)}`);
      }
    }
  });

  for (const piece of PIECES) {
    it(`S17: takes linear time in the text of an answer: ${JSON.stringify(piece)}`, () => {
      const record = { choices: [{ index: 0, delta: { content: "x" } }] };
      const path = ["choices", "0", "delta", "content"];
      const place = { name: "text", tools: [], before: [], record, path };
      const ms = measureFairly(place, piece.repeat(Math.ceil(1_000_000 / piece.length)));
      assert.ok(ms < MAX_MS, `${ms} ms`);
    });
  }
});
