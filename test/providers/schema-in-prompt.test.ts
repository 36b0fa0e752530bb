import assert from "node:assert/strict";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { refusesSchemas } from "../../src/providers/compatible/schema-in-prompt.js";
import { getProvider } from "../../src/providers/index.js";
import type { ProviderMemory } from "../../src/providers/provider.js";

const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const JSON_SCHEMA = { type: "json_schema", json_schema: { name: "answer", strict: true, schema: SCHEMA } };

interface Body {
  response_format: unknown;
  messages: { role: string; content: string }[];
}

function buildBody(
  id: string,
  format: unknown,
  prompt: string,
  memory: ProviderMemory = {},
  system?: string,
): Body {
  const provider = getProvider(id);
  const endpoint = checkEndpoint(provider, { baseUrl: "https://a.example/v1", apiKey: "k", api: "chat" });
  const messages = [
    ...(system ? [{ role: "system", content: system }] : []),
    { role: "user", content: prompt },
  ];
  const request = { model: "m", messages, parameters: { response_format: format } };
  return JSON.parse(provider.buildChatRequest(request, endpoint, memory).body!) as Body;
}

describe("JSON Schema for a service that only has json_object", () => {
  it("goes into the conversation, with the word JSON", () => {
    const body = buildBody("deepseek", JSON_SCHEMA, "Where?");
    assert.deepEqual(body.response_format, { type: "json_object" });
    assert.equal(body.messages.length, 2);
    assert.equal(body.messages[0]!.role, "system");
    assert.match(body.messages[0]!.content, /JSON.*"city"/);
  });

  it("is added to the author's system message", () => {
    const { messages } = buildBody("deepseek", JSON_SCHEMA, "Where?", {}, "Be brief.");
    assert.equal(messages.length, 2);
    assert.match(messages[0]!.content, /^Be brief\.\n\n.*"city"/s);
  });

  it("adds the word JSON to json_object alone, unless the conversation has it", () => {
    const format = { type: "json_object" };
    assert.match(buildBody("deepseek", format, "Where?").messages[0]!.content, /JSON/);
    assert.equal(buildBody("deepseek", format, "Answer as json: where?").messages.length, 1);
    assert.equal(buildBody("deepseek", { type: "text" }, "Where?").messages.length, 1);
  });

  it("goes as it is to other services, until one refuses it", () => {
    assert.deepEqual(buildBody("custom", JSON_SCHEMA, "Where?").response_format, JSON_SCHEMA);
    const body = buildBody("custom", JSON_SCHEMA, "Where?", { refusesSchemas: true });
    assert.deepEqual(body.response_format, { type: "json_object" });
  });

  it("is refused in many words, which are not those of a schema that is wrong", () => {
    for (const text of [
      "This response_format type is unavailable now",
      "This response_format type is not available now",
      "response_format.type json_schema is not supported",
      "The model does not support json_schema",
      "Structured outputs are not supported by this model",
      "'response_format.type' must be one of 'text', 'json_object'",
      "Unsupported response_format: json_schema",
    ]) {
      assert.equal(refusesSchemas(JSON.stringify({ error: { message: text } })), true, text);
    }
    for (const text of [
      "Invalid schema for response_format 'answer': 'oneOf' is not supported",
      "temperature is not supported",
      "Rate limit reached",
    ]) {
      assert.equal(refusesSchemas(text), false, text);
    }
  });
});
