import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { compileSchema } from "../../../src/core/json/schema.js";

const DRAFT_07 = "http://json-schema.org/draft-07/schema#";
const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

/** What is wrong with a value, or undefined. */
const complaint = (schema: unknown, value: unknown) => compileSchema(schema)(value);

function refusal(schema: unknown): string {
  try {
    compileSchema(schema);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, "configuration");
    return thrown.message;
  }
  assert.fail(`taken for a schema: ${JSON.stringify(schema)}`);
}

const PERSON = {
  type: "object",
  properties: {
    name: { type: "string" },
    age: { type: "integer", minimum: 0 },
    mood: { enum: ["glad", "sad"] },
    pets: { type: "array", items: { type: "object", properties: { "first name": { type: "string" } } } },
  },
  required: ["name"],
  additionalProperties: false,
};

describe("A value that is checked against a schema", () => {
  it("fits, or is told where it does not and why", () => {
    for (const [value, what] of [
      [{ name: "Ada" }, undefined],
      [{ name: "Ada", age: 36, mood: "glad", pets: [{}] }, undefined],
      [{}, "$ must have required property 'name'"],
      [[], "$ must be object"],
      [null, "$ must be object"],
      [{ name: 7 }, "$.name must be string"],
      [{ name: "Ada", age: 1.5 }, "$.age must be integer"],
      [{ name: "Ada", age: -1 }, "$.age must be >= 0"],
      [{ name: "Ada", mood: "x" }, '$.mood must be one of ["glad","sad"]'],
      [{ name: "Ada", born: 1815 }, "$ must not have the property “born”"],
      [{ name: "Ada", pets: [{}, { "first name": 1 }] }, '$.pets[1]["first name"] must be string'],
    ]) {
      assert.equal(complaint(PERSON, value), what);
    }
  });

  it("is told of the alternatives where they meet, and of the mistake inside the nearest", () => {
    const nullable = { properties: { a: { anyOf: [{ type: "string" }, { type: "null" }] } } };
    assert.equal(complaint(nullable, { a: 1 }), "$.a must be string or must be null");
    const tagged = { oneOf: ["x", "y"].map((tag) => ({ properties: { tag: { const: tag } } })) };
    assert.equal(complaint(tagged, { tag: "z" }), '$.tag must be "x" or must be "y"');
    // As text: an object of ours that has a “then” looks like a promise.
    const conditional: unknown = JSON.parse('{"if": {"type": "object"}, "then": {"required": ["a"]}}');
    assert.equal(complaint(conditional, {}), "$ must have required property 'a'");
    assert.equal(
      complaint({ propertyNames: { maxLength: 3 } }, { long: 1 }),
      "$ has the property “long”, which must NOT have more than 3 characters",
    );
    assert.equal(complaint({ type: ["string", "null"] }, 1), "$ must be string or null");
  });

  it("is not echoed, however long its texts and names are", () => {
    const long = "secret ".repeat(1000);
    const schema = { additionalProperties: { type: "number" } };
    for (const complained of [
      complaint({ enum: ["a"] }, long),
      complaint({ pattern: "^x" }, long.slice(0, 3000)),
      complaint(schema, { [long]: "text" }),
      complaint({ additionalProperties: false }, { [long]: 1 }),
      complaint(
        { additionalProperties: { additionalProperties: schema } },
        { [long]: { [long]: { [long]: "" } } },
      ),
    ]) {
      assert.ok(complained && complained.length <= 300, complained);
    }
    assert.ok(!complaint({ enum: ["a"] }, long)!.includes("secret"));
  });

  it("is left as it is: nothing is filled in, turned into another type or taken away", () => {
    const schema = {
      properties: { a: { type: "number", default: 1 }, b: { type: "string", default: "x" } },
      additionalProperties: false,
    };
    const value = Object.freeze({ a: "1" });
    assert.equal(complaint(schema, value), "$.a must be number");
    assert.deepEqual(value, { a: "1" });
    assert.equal(complaint(schema, Object.freeze({})), undefined);
  });

  it("has only the properties that are its own", () => {
    assert.match(complaint({ required: ["constructor"] }, {})!, /constructor/);
    assert.equal(complaint({ properties: { toString: { type: "string" } } }, {}), undefined);
  });

  it("may nest without end: then that is what is wrong with it", () => {
    let deep: unknown = [];
    for (let level = 0; level < 50_000; level++) deep = [deep];
    assert.match(complaint({ items: { $ref: "#" } }, deep)!, /too deeply/);
    assert.match(complaint({ $ref: "#" }, 1)!, /too deeply/);
  });

  it("never makes the check throw", () => {
    const schemas = [
      PERSON,
      { pattern: "a+" },
      { uniqueItems: true },
      { items: { $ref: "#" }, minProperties: 1 },
    ];
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...schemas), (value, schema) => {
        const told = complaint(schema, value);
        assert.ok(told === undefined || (told.startsWith("$") && told.length <= 300));
      }),
    );
  });
});

describe("A schema", () => {
  it("may be written in draft-07 or 2020-12, with or without its name", () => {
    const [old, young] = [{ items: [{ type: "string" }] }, { prefixItems: [{ type: "string" }] }];
    for (const schema of [old, young, { $schema: DRAFT_07, ...old }, { $schema: DRAFT_2020, ...young }]) {
      assert.equal(complaint(schema, [1]), "$[0] must be string");
      assert.equal(complaint(schema, ["a"]), undefined);
    }
    assert.match(refusal({ $schema: DRAFT_2020, ...old }), /\$\.items must be object or boolean/);
    const definitions = { definitions: { name: { type: "string" } }, $ref: "#/definitions/name" };
    assert.equal(complaint(definitions, 1), "$ must be string");
    assert.equal(
      complaint({ $schema: "https://nobody.example/schema", type: "string" }, 1),
      "$ must be string",
    );
  });

  it("may have words and formats that nobody knows, and those of other drafts and of API descriptions", () => {
    const schema = {
      id: "draft-4",
      $async: true,
      type: "string",
      format: "very-own",
      discriminator: { propertyName: "a" },
      example: "x",
      nullable: true,
      "x-vendor": {},
    };
    assert.equal(complaint(schema, "a"), undefined);
    assert.equal(complaint(schema, null), undefined);
    assert.equal(complaint(schema, 1), "$ must be string");
  });

  it("that cannot be used is told why", () => {
    for (const [schema, why] of [
      [undefined, /not an object/],
      ["{}", /not an object/],
      [[], /not an object/],
      [{ type: "strin" }, /\$\.type must be one of .*"string"/],
      [{ properties: { a: { type: "objekt" } } }, /\$\.properties\.a\.type must be one of/],
      [{ properties: { a: 3 } }, /\$\.properties\.a must be object or boolean/],
      [{ required: "a" }, /\$\.required must be array/],
      [{ pattern: "(" }, /regular expression/],
      [{ $ref: "https://elsewhere.example/a.json" }, /elsewhere.*not in it.*\$defs/],
      [{ $ref: "#/$defs/nowhere" }, /nowhere.*not in it/],
      [{ minimum: 1n }, /plain JSON/],
    ] as const) {
      assert.match(refusal(schema), why);
    }
    const endless: Record<string, unknown> = {};
    endless["not"] = endless;
    assert.match(refusal(endless), /nests deeper/);
  });

  it("may have a name that another has too", () => {
    assert.equal(complaint({ $id: "https://a.example/s", type: "string" }, "a"), undefined);
    assert.equal(complaint({ $id: "https://a.example/s", type: "number" }, 1), undefined);
  });

  it("may have patterns that only work without Unicode rules", () => {
    assert.equal(complaint({ pattern: "^\\-\\_$" }, "-_"), undefined);
    assert.equal(complaint({ pattern: "^\\p{Lu}$" }, "Ä"), undefined);
  });

  it("is compiled once, as long as it is among the hundred that were used last", () => {
    const check = compileSchema({ type: "string", title: "kept" });
    for (let other = 0; other < 99; other++) {
      compileSchema({ title: `other ${other}` });
      if (other % 50 === 0) assert.equal(compileSchema({ type: "string", title: "kept" }), check);
    }
    assert.equal(compileSchema({ type: "string", title: "kept" }), check);
    for (let other = 0; other < 100; other++) compileSchema({ title: `other ${other}` });
    assert.notEqual(compileSchema({ type: "string", title: "kept" }), check);
  });

  it("may be changed afterwards by whoever gave it", () => {
    const schema = { type: "string" };
    const check = compileSchema(schema);
    schema.type = "number";
    assert.equal(check("a"), undefined);
    assert.notEqual(compileSchema(schema), check);
  });

  it("brings the validator with it: nothing is loaded before", () => {
    const script = `require(${JSON.stringify(join(__dirname, "../../../src/core/json/schema.ts"))});
      const loaded = () => Object.keys(require.cache).filter((file) => /node_modules[\\\\/]ajv[\\\\/]/.test(file)).length;
      const before = loaded();
      require(${JSON.stringify(join(__dirname, "../../../src/core/json/schema.ts"))}).compileSchema({});
      console.log(before, loaded() > 0);`;
    const printed = execFileSync(process.execPath, ["--import=tsx", "--input-type=commonjs", "-e", script], {
      encoding: "utf8",
    });
    assert.equal(printed.trim(), "0 true");
  });
});
