import assert from "node:assert/strict";
import { load, nodeOf } from "./editor-half.js";

const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

/** @returns the mistakes that the editor finds in tools */
function findMistakes(tools: unknown, links: readonly string[] = []): string[] {
  const { definition, editor } = load("tool-call-router");
  editor.nodes.push(...links.map((id) => ({ id, type: "link in" })));
  const node = nodeOf("tool-call-router", definition, { tools });
  const result = definition.defaults["tools"]!.validate!.call(node, tools, {});
  return result === true ? [] : [result].flat();
}

/** @returns the labels of all outputs */
function listLabels(properties: object): (string | undefined)[] {
  const { definition } = load("tool-call-router");
  const node = nodeOf("tool-call-router", definition, properties);
  const found = Array.from({ length: 9 }, (_none, at) => definition.outputLabels!.call(node, at));
  return found.slice(0, found.indexOf(undefined));
}

describe("Tools of a tool-call-router in the editor", () => {
  it("labels the outputs with the names of their tools: none for a tool with a link, other tools last", () => {
    const tools = [{ name: "get_weather" }, { name: "find", link: "li" }, { name: "get_time", link: "" }, {}];
    const [stream, next, ...others] = listLabels({ tools, otherTools: true });
    assert.match(`${stream} | ${next}`, /^the stream \| the next request:/);
    assert.deepEqual(others, ["get_weather", "get_time", "a tool without a name", "other tools"]);
    assert.equal(listLabels({ tools: "nonsense" }).length, 2);
  });

  it("accepts a tool with a name, and a schema as text, as an object, as a variable or none", () => {
    for (const parameters of [
      JSON.stringify(CITY),
      CITY,
      "$" + "{SCHEMA}",
      "",
      undefined,
      null,
      { type: "object" },
    ])
      assert.deepEqual(findMistakes([{ name: "get_weather-2", parameters }]), []);
    assert.deepEqual(findMistakes([{ name: "$" + "{NAME}" }, { name: "x", link: "li" }], ["li"]), []);
    assert.deepEqual(findMistakes(undefined), []);
  });

  it("names each tool that has a mistake, with the mistake", () => {
    const found = findMistakes([
      { description: "?" },
      { name: "two words" },
      { name: "a".repeat(65) },
      { name: "same" },
      { name: "same" },
      { name: "broken", parameters: "{" },
      { name: "linked", link: "gone" },
    ]);
    assert.equal(found.length, 7);
    for (const [at, wanted] of [
      /^Tool 1: give it a name/,
      /^two words: .*1 to 64/,
      /^a{65}: .*1 to 64/,
      /^same: .*same name/,
      /^same: .*same name/,
      /^broken: .*not JSON/,
      /^linked: .*missing/,
    ].entries())
      assert.match(found[at]!, wanted);
    assert.match(findMistakes({ name: "x" }).join(), /list/);
  });

  it("names the place of a mistake in the schema of a tool", () => {
    const city = (schema: unknown) => ({ type: "object", properties: { city: schema } });
    for (const [schema, wanted] of [
      ["[]", /of an object/],
      ["null", /of an object/],
      [{ type: "string" }, /of an object/],
      [city({ type: "text" }), /properties\.city\.type: .*"text"/],
      [city({ type: ["string", "nil"] }), /properties\.city\.type: .*"nil"/],
      [city("string"), /properties\.city: .*"string"/],
      [city({ enum: [] }), /properties\.city\.enum: .*\[\]/],
      [city({ type: "array", items: { type: "thing" } }), /properties\.city\.items\.type: .*"thing"/],
      [city({ anyOf: { type: "string" } }), /properties\.city\.anyOf/],
      [{ type: "object", properties: ["city"] }, /properties: .*\["city"\]/],
      [{ ...CITY, required: "city" }, /required: .*"city"/],
      [{ ...CITY, required: ["town"] }, /required: .*"town"/],
      [{ $defs: { place: { type: 3 } } }, /\$defs\.place\.type: .*3/],
    ] as const) {
      const [found, ...more] = findMistakes([{ name: "tool", parameters: schema }]);
      assert.match(found ?? "", wanted, JSON.stringify(schema));
      assert.deepEqual(more, []);
    }
    for (const right of [
      city({ type: ["string", "null"], enum: ["a", null] }),
      city(true),
      { ...CITY, additionalProperties: false },
      { type: "object", required: ["a"], allOf: [{ properties: { a: {} } }] },
    ])
      assert.deepEqual(findMistakes([{ name: "tool", parameters: right }]), [], JSON.stringify(right));
  });

  it("gives a copied tool the new id of its copied link in node", () => {
    const { editor } = load("tool-call-router");
    const tools = [{ name: "a", link: "" }, { name: "b", link: "old" }, { name: "c" }];
    const copy = { type: "tool-call-router", tools, links: ["", "new", ""] };
    editor.emit("nodes:add", copy);
    assert.deepEqual(
      structuredClone(copy.tools).map(({ link }) => link),
      ["", "new", undefined],
    );
    const byHand = { type: "tool-call-router", tools };
    editor.emit("nodes:add", byHand);
    assert.equal(byHand.tools[1]!.link, "old");
  });

  it("counts the outputs if a flow does not give their number", () => {
    const { editor } = load("tool-call-router");
    const node = { type: "tool-call-router", tools: [{}, { link: "li" }, {}], otherTools: true, outputs: 2 };
    editor.emit("nodes:add", node);
    assert.equal(node.outputs, 5);
  });
});

describe("Limits of a tool-call-router in the editor", () => {
  it("names a limit that is not a number in its bounds", () => {
    const { definition } = load("tool-call-router");
    const validate = (property: string, value: unknown) =>
      definition.defaults[property]!.validate!.call(nodeOf("tool-call-router", definition), value, {});
    for (const [property, name, wrong] of [
      ["maxRounds", "Rounds", ["0", "1.5", "", "many"]],
      ["toolTimeout", "Tool timeout", ["0", "-1", "", "soon"]],
      ["maxResult", "Max result length", ["0", "10.5", ""]],
    ] as const) {
      for (const value of wrong)
        assert.match(String(validate(property, value)), new RegExp(`^${name}:`), value);
      for (const value of ["1", 30, "$" + "{LIMIT}"]) assert.equal(validate(property, value), true);
    }
    assert.equal(validate("toolTimeout", "0.5"), true);
  });
});
