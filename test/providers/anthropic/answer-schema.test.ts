import assert from "node:assert/strict";
import { adaptAnswerSchema } from "../../../src/providers/anthropic/answer-schema.js";
import { ANTHROPIC_PROVIDER } from "../../../src/providers/anthropic/provider.js";

describe("JSON Schema of an answer for Anthropic", () => {
  it("closes objects, and tells the model in words what Anthropic refuses", () => {
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      properties: {
        age: { type: "integer", minimum: 0, maximum: 150, description: "In years." },
        mail: { type: "string", format: "email", pattern: "@" },
        color: { type: "string", enum: ["red", "blue"] },
        tags: {
          type: "array",
          items: { type: "object", properties: { a: { type: "string" } } },
          minItems: 2,
        },
        place: { oneOf: [{ $ref: "#/$defs/place" }, { type: "null" }] },
      },
      required: ["age"],
      $defs: { place: { type: "object", properties: {} } },
    };
    const copy = structuredClone(schema);
    assert.deepEqual(adaptAnswerSchema(schema), {
      type: "object",
      properties: {
        age: { type: "integer", description: "In years.\n\n{minimum: 0, maximum: 150}" },
        mail: { type: "string", format: "email", description: '{pattern: "@"}' },
        color: { enum: ["red", "blue"] },
        tags: {
          type: "array",
          items: { type: "object", properties: { a: { type: "string" } }, additionalProperties: false },
          description: "{minItems: 2}",
        },
        place: { anyOf: [{ $ref: "#/$defs/place" }, { type: "null" }] },
      },
      additionalProperties: false,
      required: ["age"],
      $defs: { place: { type: "object", properties: {}, additionalProperties: false } },
    });
    assert.deepEqual(schema, copy);
  });

  it("leaves an object open that the author has left open, so that Anthropic refuses it", () => {
    for (const schema of [
      { type: "object", properties: {}, additionalProperties: { type: "string" } },
      { type: "object", additionalProperties: true },
      { type: "object" },
    ])
      assert.deepEqual(adaptAnswerSchema(schema), schema);
    for (const schema of [true, null, "x", {}]) assert.deepEqual(adaptAnswerSchema(schema), schema);
  });

  it("is sent with the request, except if the author gives Anthropic's own form", () => {
    const schema = { type: "object", properties: { a: { type: "number", minimum: 1 } } };
    const build = (parameters: Record<string, unknown>) => {
      const request = { model: "claude-1", messages: [{ role: "user", content: "hi" }], parameters };
      const endpoint = { baseUrl: "https://api.anthropic.com/v1", apiKey: "k" };
      const { body } = ANTHROPIC_PROVIDER.buildChatRequest(request, endpoint, {});
      return (JSON.parse(body!) as { output_config: { format: { schema: object } } }).output_config.format
        .schema;
    };
    const response_format = { type: "json_schema", json_schema: { name: "n", schema } };
    assert.deepEqual(build({ response_format }), {
      type: "object",
      properties: { a: { type: "number", description: "{minimum: 1}" } },
      additionalProperties: false,
    });
    assert.deepEqual(build({ output_config: { format: { type: "json_schema", schema } } }), schema);
  });
});
