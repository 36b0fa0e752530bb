import assert from "node:assert/strict";
import { estimateGrowthBytes, estimateHeapBytes } from "../../../src/core/json/heap-size.js";
import { createHeapMeter } from "../../support/heap-meter.js";

const MANY = 30_000;

const listOf = (create: (at: number) => string) => `[${Array.from({ length: MANY }, (_, at) => create(at))}]`;

/** Writes an object of 20 members. Each number gives another order of them. */
function writeShuffled(number: number): string {
  const names = Array.from({ length: 20 }, (_, at) => `n${at}`);
  const members: string[] = [];
  for (let rest = number * 7919; names.length > 0; rest = Math.floor(rest / 2) + number)
    members.push(`"${names.splice(rest % names.length, 1)[0]}":1`);
  return `{${members}}`;
}

/** Writes a list of objects that have the same names, 240,000 members in all. */
function writeAlike(nameCount: number, padding = ""): string {
  const members = Array.from({ length: nameCount }, (_, at) => `"n${at}${padding}":${at}`);
  return `[${Array.from({ length: 240_000 / nameCount }, () => `{${members}}`)}]`;
}

const SHAPES: Readonly<Record<string, string>> = {
  "an object with many empty members": `{${Array.from({ length: MANY }, (_, at) => `"k${at}":{}`)}}`,
  "an object with many numbers": `{${Array.from({ length: MANY }, (_, at) => `"k${at}":1`)}}`,
  "empty objects": listOf(() => "{}"),
  "nested lists": listOf(() => "[[[[]]]]"),
  "short texts": listOf((at) => `"s${at}"`),
  fractions: listOf((at) => `${at}.5`),
  "objects of different shapes": listOf((at) => `{"u${at}":1}`),
  "objects with the same names in different orders": listOf(writeShuffled),
  "token probabilities": listOf((at) => `{"token":"t${at}","logprob":-${at}.25,"bytes":[1,2,3]}`),
  "long texts": listOf((at) => `"${at}${"x".repeat(200)}"`),
};

describe("Estimate of memory", () => {
  for (const [name, json] of Object.entries(SHAPES)) {
    it(`is right within a factor of 4 for ${name}`, () => {
      const measure = createHeapMeter();
      const before = measure();
      const value: unknown = structuredClone(JSON.parse(json));
      const real = measure() - before;
      const estimate = estimateHeapBytes(value);
      assert.ok(real < 4 * estimate && estimate < 4 * real, `${real} bytes, estimated ${estimate}`);
    });
  }

  for (const [nameCount, nameChars] of [[100], [128], [1500], [10_000], [1500, 100]] as const) {
    it(`is right within a factor of 2.5 for parsed objects with the same ${nameCount} names of ${nameChars ?? "few"} characters`, () => {
      const json = writeAlike(nameCount, "x".repeat(nameChars ?? 0));
      const measure = createHeapMeter();
      const before = measure();
      const value: unknown = JSON.parse(json);
      const real = measure() - before;
      const estimate = estimateHeapBytes(value);
      assert.ok(real < 2.5 * estimate && estimate < 2.5 * real, `${real} bytes, estimated ${estimate}`);
    });
  }

  it("counts only what a new value of a member takes beyond the one before", () => {
    assert.equal(estimateGrowthBytes("a", "123", "12"), 0);
    assert.equal(estimateGrowthBytes("a", "123", "12345"), 2);
    assert.ok(estimateGrowthBytes("a", undefined, "12") > 2);
  });
});
