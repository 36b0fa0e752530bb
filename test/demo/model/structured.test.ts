import assert from "node:assert/strict";
import fc from "fast-check";
import { respond } from "../../../src/demo/model/responder.js";
import { readDemoRequest } from "../../../src/demo/server/chat/request.js";
import { assertCheap } from "../../support/speed.js";
import { user } from "../client.js";

type Schema = Record<string, unknown>;

function json(question: string, schema?: Schema, system?: string): unknown {
  const format = schema
    ? { response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } } }
    : {};
  const messages = [...(system ? [{ role: "system", content: system }] : []), user(question)];
  return JSON.parse(respond(readDemoRequest({ model: "demo", messages, ...format }).prompt).content);
}

function object(properties: Schema, required = Object.keys(properties)): Schema {
  return { type: "object", properties, required, additionalProperties: false };
}

const text = { type: "string" };

/** Checks a value against the parts of JSON Schema that the demo knows. */
function fits(value: unknown, schema: Schema): boolean {
  if ("enum" in schema) return (schema["enum"] as unknown[]).includes(value);
  const low = (name: string) => Number(schema[name] ?? Number.NEGATIVE_INFINITY);
  const high = (name: string) => Number(schema[name] ?? Number.POSITIVE_INFINITY);
  switch (schema["type"]) {
    case "object": {
      const properties = schema["properties"] as Record<string, Schema>;
      const made = value as Record<string, unknown>;
      return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        (schema["required"] as string[]).every((name) => Object.hasOwn(made, name)) &&
        Object.entries(made).every(
          ([name, one]) => Object.hasOwn(properties, name) && fits(one, properties[name]!),
        )
      );
    }
    case "array":
      return (
        Array.isArray(value) &&
        value.length >= low("minItems") &&
        value.length <= high("maxItems") &&
        value.every((one) => fits(one, schema["items"] as Schema))
      );
    case "string":
      return (
        typeof value === "string" &&
        [...value].length >= low("minLength") &&
        [...value].length <= high("maxLength")
      );
    case "integer":
    case "number":
      return (
        typeof value === "number" &&
        value >= low("minimum") &&
        value <= high("maximum") &&
        (schema["type"] === "number" || Number.isInteger(value))
      );
    case "boolean":
      return typeof value === "boolean";
    default:
      return false;
  }
}

const NAMES = fc.constantFrom(
  "name",
  "city",
  "age",
  "items",
  "done",
  "email",
  "summary",
  "id",
  "colour",
  "x",
  "__proto__",
  "date",
  "to",
);

const schemas = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.oneof(
      fc.constant<Schema>({ type: "boolean" }),
      fc.record({
        type: fc.constant("string"),
        minLength: fc.nat(20),
        maxLength: fc.integer({ min: 20, max: 60 }),
      }),
      fc.record({
        type: fc.constantFrom("integer", "number"),
        minimum: fc.integer({ min: -50, max: 0 }),
        maximum: fc.integer({ min: 0, max: 50 }),
      }),
      fc.record({
        enum: fc.array(fc.oneof(fc.string(), fc.integer(), fc.constant(null)), {
          minLength: 1,
          maxLength: 4,
        }),
      }),
    ),
    fc.record({
      type: fc.constant("array"),
      items: tie("schema"),
      minItems: fc.nat(3),
      maxItems: fc.integer({ min: 3, max: 6 }),
    }),
    fc
      .dictionary(NAMES, tie("schema"), { maxKeys: 5 })
      .chain((properties) =>
        fc
          .subarray(Object.keys(properties))
          .map((required): Schema => ({ type: "object", properties, required })),
      ),
  ),
})).schema;

describe("The demo model's JSON answers", () => {
  it("fit any schema with the keywords that the demo knows", () => {
    const questions = fc.constantFrom(
      "Ada is 36 and lives in Paris.",
      "List three fruits",
      "",
      "Turn it off at 12:30 on 2025-01-02, ada@example.org",
    );
    fc.assert(
      fc.property(questions, fc.dictionary(NAMES, schemas, { maxKeys: 5 }), (question, properties) => {
        const schema = object(properties);
        const made = json(question, schema);
        assert.ok(fits(made, schema), JSON.stringify({ schema, made }));
      }),
    );
  });

  it("take their values from the question", () => {
    const person = object({ name: text, age: { type: "integer" }, city: text });
    assert.deepEqual(json("Extract: Ada is 36 years old and lives in Paris.", person), {
      name: "Ada",
      age: 36,
      city: "Paris",
    });
    const people = object({
      people: { type: "array", items: object({ name: text, age: { type: "integer" } }) },
    });
    assert.deepEqual(json("Ada is 36 and Alan is 41.", people), {
      people: [
        { name: "Ada", age: 36 },
        { name: "Alan", age: 41 },
      ],
    });
    const event = object({
      date: { type: "string", format: "date" },
      participants: { type: "array", items: text },
      place: object({ city: text }),
    });
    assert.deepEqual(
      json("Extract the event: Team lunch with Ada and Grace in Lisbon on 2025-03-14", event),
      {
        date: "2025-03-14",
        participants: ["Ada", "Grace"],
        place: { city: "Lisbon" },
      },
    );
  });

  it("take lists and texts from the plain answer", () => {
    assert.deepEqual(json("List three fruits", object({ fruits: { type: "array", items: text } })), {
      fruits: ["Apple", "Pear", "Cherry"],
    });
    assert.deepEqual(json("What is 12 * 7?", object({ answer: text })), { answer: "12 × 7 = 84." });
  });

  it("choose the allowed value that the question names", () => {
    assert.deepEqual(json("I want the large one", object({ size: { enum: ["small", "large"] } })), {
      size: "large",
    });
  });

  it("follow references, alternatives and nullable types", () => {
    const schema = {
      ...object({
        who: { $ref: "#/$defs/person" },
        note: { anyOf: [{ type: "null" }, text] },
        age: { type: ["integer", "null"] },
      }),
      $defs: { person: object({ name: text }) },
    };
    const made = json("Ada is 36", schema) as { who: unknown; note: unknown; age: unknown };
    assert.deepEqual(made.who, { name: "Ada" });
    assert.equal(typeof made.note, "string");
    assert.equal(made.age, 36);
  });

  it("end for a schema that contains itself", () => {
    const node = object({ left: { $ref: "#" }, right: { $ref: "#" } });
    const many = object({ deep: { type: "array", minItems: 50, items: { $ref: "#" } } });
    assertCheap(() => [node, { $ref: "#" }, many].map((schema) => json("x", schema)));
  });

  it("are an object for json_object, with the keys that the prompt names", () => {
    const format = { response_format: { type: "json_object" } };
    const ask = (question: string) =>
      JSON.parse(
        respond(readDemoRequest({ model: "demo", messages: [user(question)], ...format }).prompt).content,
      ) as unknown;
    assert.deepEqual(ask("What is 12 * 7? Answer as JSON."), { answer: "12 × 7 = 84." });
    assert.deepEqual(
      Object.keys(ask("A recipe as JSON with the fields title, ingredients and steps") as object),
      ["title", "ingredients", "steps"],
    );
  });

  it("come if only the system prompt asks for them", () => {
    assert.deepEqual(json("count to 3", undefined, "Answer only with JSON."), { answer: "1, 2, 3." });
    assert.deepEqual(
      json("Paris has 2100000 people", undefined, 'Reply with JSON: {"city": string, "population": number}'),
      { city: "Paris", population: 2_100_000 },
    );
  });
});
