import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import fc from "fast-check";
import { Failure } from "../../../src/core/failure.js";
import { compileSchema } from "../../../src/core/json/schema.js";

const DRAFT_07 = "http://json-schema.org/draft-07/schema#";
const DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema";

/** Says what is wrong with a value, or returns undefined. */
const findFault = (schema: unknown, value: unknown) => compileSchema(schema)(value);

/** The message with which a schema is refused. */
function readRefusal(schema: unknown): string {
  try {
    compileSchema(schema);
  } catch (thrown) {
    assert.ok(thrown instanceof Failure);
    assert.equal(thrown.code, "configuration");
    return thrown.message;
  }
  assert.fail(`accepted as a schema: ${JSON.stringify(schema)}`);
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

describe("Schema check", () => {
  it("accepts a value that fits, and says where and why another does not", () => {
    for (const [value, fault] of [
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
      assert.equal(findFault(PERSON, value), fault);
    }
  });

  it("takes decimal fractions for multiples of a decimal step, and no others", () => {
    for (const [step, value] of [
      [0.01, 19.99],
      [0.01, -0.07],
      [0.1, 21.7],
      [0.01, 123_456_789.12],
      [1e-6, 0.000_003],
      [0.5, 0],
      [1, 1e21],
      [3, 9_007_199_254_740_991],
    ] as const) {
      assert.equal(findFault({ multipleOf: step }, value), undefined, `${value} is a multiple of ${step}`);
    }
    for (const [step, value] of [
      [0.01, 19.995],
      [0.1, 21.75],
      [1, 3.000_000_1],
      [0.01, 123_456_789.125],
      [1e-6, 0.000_003_1],
      [3, 10],
    ] as const) {
      assert.equal(findFault({ multipleOf: step }, value), `$ must be multiple of ${step}`);
    }
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 6 }), (count, places) =>
        assert.equal(findFault({ multipleOf: 10 ** -places }, Number(`${count}e-${places}`)), undefined),
      ),
    );
    assert.equal(findFault({ multipleOf: 2 }, "text"), undefined);
    assert.match(readRefusal({ multipleOf: 0 }), /multipleOf must be > 0/);
  });

  it("names the alternatives of a value, and the mistake inside the nearest one", () => {
    const nullable = { properties: { a: { anyOf: [{ type: "string" }, { type: "null" }] } } };
    assert.equal(findFault(nullable, { a: 1 }), "$.a must be string or must be null");
    const tagged = { oneOf: ["x", "y"].map((tag) => ({ properties: { tag: { const: tag } } })) };
    assert.equal(findFault(tagged, { tag: "z" }), '$.tag must be "x" or must be "y"');
    // Parsed from a text, because the linter refuses an object with a “then”.
    const conditional: unknown = JSON.parse('{"if": {"type": "object"}, "then": {"required": ["a"]}}');
    assert.equal(findFault(conditional, {}), "$ must have required property 'a'");
    assert.equal(
      findFault({ propertyNames: { maxLength: 3 } }, { long: 1 }),
      "$ has the property “long”, which must NOT have more than 3 characters",
    );
    assert.equal(findFault({ type: ["string", "null"] }, 1), "$ must be string or null");
  });

  it("never quotes a long text or name of the value", () => {
    const long = "secret ".repeat(1000);
    const schema = { additionalProperties: { type: "number" } };
    for (const fault of [
      findFault({ enum: ["a"] }, long),
      findFault({ pattern: "^x" }, long.slice(0, 3000)),
      findFault(schema, { [long]: "text" }),
      findFault({ additionalProperties: false }, { [long]: 1 }),
      findFault(
        { additionalProperties: { additionalProperties: schema } },
        { [long]: { [long]: { [long]: "" } } },
      ),
    ]) {
      assert.ok(fault && fault.length <= 300, fault);
    }
    assert.ok(!findFault({ enum: ["a"] }, long)!.includes("secret"));
  });

  it("changes nothing in the value: no default, no other type, no removal", () => {
    const schema = {
      properties: { a: { type: "number", default: 1 }, b: { type: "string", default: "x" } },
      additionalProperties: false,
    };
    const value = Object.freeze({ a: "1" });
    assert.equal(findFault(schema, value), "$.a must be number");
    assert.deepEqual(value, { a: "1" });
    assert.equal(findFault(schema, Object.freeze({})), undefined);
  });

  it("ignores properties that every object inherits", () => {
    assert.match(findFault({ required: ["constructor"] }, {})!, /constructor/);
    assert.equal(findFault({ properties: { toString: { type: "string" } } }, {}), undefined);
  });

  it("refuses a value that nests without end", () => {
    let deep: unknown = [];
    for (let level = 0; level < 50_000; level++) deep = [deep];
    assert.match(findFault({ items: { $ref: "#" } }, deep)!, /too deeply/);
    assert.match(findFault({ $ref: "#" }, 1)!, /too deeply/);
  });

  it("never throws, whatever the value", () => {
    const schemas = [
      PERSON,
      { pattern: "a+" },
      { uniqueItems: true },
      { items: { $ref: "#" }, minProperties: 1 },
    ];
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...schemas), (value, schema) => {
        const fault = findFault(schema, value);
        assert.ok(fault === undefined || (fault.startsWith("$") && fault.length <= 300));
      }),
    );
  });
});

describe("JSON Schema", () => {
  it("compiles draft-07 and 2020-12, with or without $schema", () => {
    const [old, young] = [{ items: [{ type: "string" }] }, { prefixItems: [{ type: "string" }] }];
    for (const schema of [old, young, { $schema: DRAFT_07, ...old }, { $schema: DRAFT_2020, ...young }]) {
      assert.equal(findFault(schema, [1]), "$[0] must be string");
      assert.equal(findFault(schema, ["a"]), undefined);
    }
    assert.match(readRefusal({ $schema: DRAFT_2020, ...old }), /\$\.items must be object or boolean/);
    const definitions = { definitions: { name: { type: "string" } }, $ref: "#/definitions/name" };
    assert.equal(findFault(definitions, 1), "$ must be string");
    assert.equal(
      findFault({ $schema: "https://nobody.example/schema", type: "string" }, 1),
      "$ must be string",
    );
  });

  it("ignores unknown keywords and formats, and those of other drafts and of API descriptions", () => {
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
    assert.equal(findFault(schema, "a"), undefined);
    assert.equal(findFault(schema, null), undefined);
    assert.equal(findFault(schema, 1), "$ must be string");
  });

  it("says why a schema cannot be used", () => {
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
      assert.match(readRefusal(schema), why);
    }
    const endless: Record<string, unknown> = {};
    endless["not"] = endless;
    assert.match(readRefusal(endless), /nests deeper/);
  });

  it("compiles two schemas with the same $id", () => {
    assert.equal(findFault({ $id: "https://a.example/s", type: "string" }, "a"), undefined);
    assert.equal(findFault({ $id: "https://a.example/s", type: "number" }, 1), undefined);
  });

  it("compiles patterns that are valid only outside Unicode mode", () => {
    assert.equal(findFault({ pattern: "^\\-\\_$" }, "-_"), undefined);
    assert.equal(findFault({ pattern: "^\\p{Lu}$" }, "Ä"), undefined);
  });

  it("compiles a schema once while it is among the last hundred", () => {
    const check = compileSchema({ type: "string", title: "kept" });
    for (let other = 0; other < 99; other++) {
      compileSchema({ title: `other ${other}` });
      if (other % 50 === 0) assert.equal(compileSchema({ type: "string", title: "kept" }), check);
    }
    assert.equal(compileSchema({ type: "string", title: "kept" }), check);
    for (let other = 0; other < 100; other++) compileSchema({ title: `other ${other}` });
    assert.notEqual(compileSchema({ type: "string", title: "kept" }), check);
  });

  it("keeps its check when the caller changes the schema afterwards", () => {
    const schema = { type: "string" };
    const check = compileSchema(schema);
    schema.type = "number";
    assert.equal(check("a"), undefined);
    assert.notEqual(compileSchema(schema), check);
  });

  it("loads the validator with the first schema, not before", () => {
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
