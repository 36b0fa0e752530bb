import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import type { DecoderSink } from "../../../src/dialects/dialect.js";
import { HeldSize } from "../../../src/dialects/held-size.js";
import { OpenAiDecoder } from "../../../src/dialects/openai/decoder.js";
import { ThinkingFilter } from "../../../src/dialects/thinking.js";
import { FIXTURES } from "../../fixtures/index.js";
import { measureHeldBytes } from "../../support/held-bytes.js";
import { readRecords } from "../../support/inputs/replay.js";

/** How often a record comes. */
const REPEATS = 30;

/** Characters of a hostile text, and members of a hostile object together. */
const HOSTILE_CHARS = 3000;

/** What may be kept without being counted: a template of one record, the latest record, empty helpers. */
const UNCOUNTED_BYTES = 40_000;

type Path = readonly (string | number)[];

/** Gets the paths of all values in a record. */
function listPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const names = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [path, ...[...names].flatMap((name) => listPaths((value as never)[name], [...path, name]))];
}

/** Ways to grow a value, each with another outcome for every number. */
const GROWTHS = {
  text: (_value: unknown, at: number) => `${at}${"x".repeat(HOSTILE_CHARS)}`,
  members: (value: unknown, at: number) => ({
    ...(typeof value === "object" && !Array.isArray(value) ? value : {}),
    ...Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`m${at}_${n}${"x".repeat(40)}`, {}])),
  }),
  name: (value: unknown, at: number) =>
    typeof value === "object" && !Array.isArray(value)
      ? { ...value, [`n${at}${"x".repeat(HOSTILE_CHARS)}`]: value }
      : { [`n${at}${"x".repeat(HOSTILE_CHARS)}`]: value },
  entries: (value: unknown, at: number) => [
    ...(Array.isArray(value) ? value : [value]),
    ...Array.from({ length: 100 }, (_, n) => `${at} ${n} ${"x".repeat(100)}`),
  ],
  number: (_value: unknown, at: number) => at,
} as const;

type Growth = keyof typeof GROWTHS;

function growAt(value: unknown, path: Path, growth: Growth, at: number): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return GROWTHS[growth](value, at);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[name] = growAt(copy[name], rest, growth, at);
  return copy;
}

/** The records of each fixture that are JSON. */
const STREAMS = FIXTURES.map((fixture) => ({
  name: fixture.name,
  tools: fixture.tools ?? [],
  records: readRecords([fixture.body], fixture.contentType).flatMap((record) => {
    const [data, event] = Array.isArray(record) ? (record as string[]) : [record as string];
    try {
      const value: unknown = JSON.parse(data!);
      return typeof value === "object" && value !== null ? [{ value, event }] : [];
    } catch {
      return [];
    }
  }),
})).filter(({ records }) => records.length > 0);

/** Assembles an answer as a stream does, until it fails. */
class Stream implements DecoderSink {
  readonly held = new HeldSize();
  readonly machine = new CompletionMachine();
  readonly filter = new ThinkingFilter(this);
  readonly decoder: OpenAiDecoder;
  hasEnded = false;

  constructor(toolNames: readonly string[]) {
    this.decoder = new OpenAiDecoder(this.filter, { depth: 64, indices: 128, toolNames, held: this.held });
  }

  onText(text: string): void {
    this.machine.addText(text);
  }

  onChunk(chunk: Parameters<DecoderSink["onChunk"]>[0]): void {
    this.machine.addChunk(chunk);
  }

  onMarker(): void {}

  onSkipped(): void {}

  onFailure(): void {
    this.hasEnded = true;
  }

  onBadRecord(): void {
    this.hasEnded = true;
  }

  get counted(): number {
    return this.held.total + this.machine.countedSize;
  }
}

const anyAttack = fc
  .constantFrom(...STREAMS)
  .chain((stream) =>
    fc.nat(stream.records.length - 1).chain((position) => {
      const paths = listPaths(stream.records[position]!.value);
      const anyStep = fc.record({
        path: fc.constantFrom(...paths),
        growth: fc.constantFrom(...(Object.keys(GROWTHS) as Growth[])),
      });
      return fc.record({
        stream: fc.constant(stream),
        position: fc.constant(position),
        steps: fc.array(anyStep, { minLength: 1, maxLength: 3 }),
      });
    }),
  )
  .map((attack) => ({
    ...attack,
    toString: () => JSON.stringify([attack.stream.name, attack.position, attack.steps]),
  }));

describe("Memory of a stream", () => {
  it("S12: counts whatever outlives its record, in every dialect", function () {
    this.timeout(120_000);
    fc.assert(
      fc.property(anyAttack, ({ stream: { records, tools }, position, steps }) => {
        const stream = new Stream(tools);
        const decode = (value: unknown, event: string | undefined) => {
          if (!stream.hasEnded) stream.decoder.decode(JSON.stringify(value), event);
        };
        for (const { value, event } of records.slice(0, position)) decode(value, event);
        const { value, event } = records[position]!;
        try {
          for (let at = 0; at < REPEATS; at++) {
            // Shallow paths first: they would replace what the others have grown.
            const grown = steps.reduce((record, { path, growth }) => {
              try {
                return growAt(record, path, growth, at);
              } catch {
                return record;
              }
            }, value as unknown);
            decode(grown, event);
          }
        } catch (thrown) {
          assert.ok(thrown instanceof Failure, String((thrown as Error).stack));
        }
        const held = measureHeldBytes(stream.decoder, stream.filter, stream.machine);
        assert.ok(
          held <= 2 * stream.counted + UNCOUNTED_BYTES,
          `${held} bytes are held, ${stream.counted} were counted`,
        );
      }),
      { numRuns: Number(process.env["HELD_RUNS"] ?? 500) },
    );
  });
});
