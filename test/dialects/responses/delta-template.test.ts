import assert from "node:assert/strict";
import fc from "fast-check";
import { DeltaTemplate } from "../../../src/dialects/responses/delta-template.js";
import { anyText } from "../../support/inputs/arbitraries.js";
import { buildTextDelta } from "../../support/services/responses-records.js";

/** Learns a record. @returns the template */
function learn(data: string): DeltaTemplate {
  const template = new DeltaTemplate();
  template.learn(data);
  return template;
}

const write = (delta: unknown, more: object = {}) =>
  JSON.stringify({ ...buildTextDelta("", 0, more), delta });

describe("Template of a delta", () => {
  it("matches records that differ in the delta, the number and the padding, in any order of the fields", () => {
    const fields = fc.shuffledSubarray(["delta", "sequence_number", "obfuscation", "item_id", "logprobs"], {
      minLength: 5,
    });
    fc.assert(
      fc.property(fields, anyText, anyText, fc.nat(), fc.nat(), (names, first, second, number, other) => {
        const build = (delta: string, sequence_number: number, obfuscation: string) => {
          const values: Record<string, unknown> = {
            delta,
            sequence_number,
            obfuscation,
            item_id: "msg_1",
            logprobs: [],
          };
          return JSON.stringify(Object.fromEntries(names.map((name) => [name, values[name]])));
        };
        const template = learn(build(first, number, "aZ9"));
        assert.equal(template.match(build(second, other, "b")), second === "" ? undefined : second);
      }),
    );
  });

  it("matches records without a number and without padding", () => {
    assert.equal(learn(write("a")).match(write("b")), "b");
  });

  it("matches no record that differs in anything else", () => {
    const template = learn(write("a", { sequence_number: 1 }));
    for (const data of [
      write("b", { sequence_number: 2, output_index: 1 }),
      write("b", { sequence_number: "2" }),
      write("b", { sequence_number: -1 }),
      write("b", { sequence_number: 1.5 }),
      write("b"),
      write("", { sequence_number: 2 }),
      write(null, { sequence_number: 2 }),
      write("b", { sequence_number: 2, more: 1 }),
      `${write("b", { sequence_number: 2 })} `,
      write("b", { sequence_number: 2 }).slice(0, -1),
      write("b", { sequence_number: 2 }).replace(":2", ":02"),
      write("b", { sequence_number: 2 }).replace('"b"', '"b\n"'),
      write("b", { sequence_number: 2 }).replace('"b"', '"\\q"'),
      "",
    ]) {
      assert.equal(template.match(data), undefined, data);
    }
    assert.equal(template.match(write("b", { sequence_number: 20 })), "b");
  });

  it("matches no padding with characters that JSON escapes", () => {
    const template = learn(write("a", { obfuscation: "x" }));
    assert.equal(template.match(write("b", { obfuscation: "y" })), "b");
    assert.equal(template.match(write("b", { obfuscation: '"' })), undefined);
    assert.equal(template.match(write("b", { obfuscation: "\n" })), undefined);
  });

  it("learns no record whose delta, number or padding is not its own field", () => {
    for (const data of [
      JSON.stringify({ item: { delta: "a" } }),
      JSON.stringify({ item: { sequence_number: 1 }, delta: "a", sequence_number: 1 }),
      JSON.stringify({ part: { obfuscation: "x" }, delta: "a", obfuscation: "x" }),
      JSON.stringify({ delta: ["a"] }),
      JSON.stringify({ text: "a" }),
      '{"delta":"a","delta":"b"}',
      '{"delta":"a',
    ]) {
      assert.equal(learn(data).match(data), undefined, data);
    }
  });

  it("learns nothing more after many templates that matched nothing", () => {
    const template = new DeltaTemplate();
    for (let index = 0; index < 20; index++) template.learn(write("a", { output_index: index }));
    assert.equal(template.match(write("b", { output_index: 19 })), undefined);
  });
});
