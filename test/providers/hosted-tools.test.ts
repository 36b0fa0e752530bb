import assert from "node:assert/strict";
import { buildSetup, type ChatOptions } from "../../src/chat-options.js";
import { buildWire } from "../../src/client/build-wire.js";
import type { ChatParameters } from "../../src/request-types.js";
import { assertFailure } from "../support/assert-failure.js";

const FUNCTION = {
  type: "function" as const,
  function: { name: "f", parameters: { type: "object", properties: {} } },
};

/** Builds the request as it leaves. */
function build(hosted: unknown, more: Partial<ChatOptions> = {}) {
  const { parameters, ...rest } = more;
  const setup = buildSetup(
    {
      provider: "openai",
      apiKey: "k",
      model: "m",
      messages: "hi",
      parameters: { hosted_tools: hosted as ChatParameters["hosted_tools"], ...parameters },
      ...rest,
    },
    false,
  );
  const { headers, body } = buildWire(setup, {});
  return { headers, body: JSON.parse(body!) as Record<string, unknown> };
}

describe("Tools that a service runs itself", () => {
  it("are sent to OpenAI's Responses in its own form, with what their results need", () => {
    const wanted = [
      "web_search",
      "code_execution",
      { type: "file_search", vector_store_ids: ["vs_1"] },
      "image_generation",
    ];
    const { body } = build(wanted, {
      tools: [FUNCTION],
      parameters: { include: ["message.input_image.image_url"] },
    });
    assert.deepEqual((body["tools"] as object[]).slice(1), [
      { type: "web_search" },
      { type: "code_interpreter", container: { type: "auto" } },
      { type: "file_search", vector_store_ids: ["vs_1"] },
      { type: "image_generation" },
    ]);
    assert.deepEqual((body["tools"] as { name: string }[])[0]!.name, "f");
    assert.deepEqual(body["include"], [
      "reasoning.encrypted_content",
      "web_search_call.action.sources",
      "code_interpreter_call.outputs",
      "file_search_call.results",
      "message.input_image.image_url",
    ]);
    assert.equal(body["hosted_tools"], undefined);
  });

  it("are sent to Azure like to OpenAI", () => {
    const azure = { provider: "azure-openai", baseUrl: "https://r.openai.azure.com" };
    assert.deepEqual(build(["web_search"], azure).body["tools"], [{ type: "web_search" }]);
  });

  it("are sent to Anthropic with the betas that they need, beside those of the author", () => {
    const wanted = ["web_search", "web_fetch", "code_execution"];
    const anthropic = { provider: "anthropic", headers: { "Anthropic-Beta": "a, web-fetch-2025-09-10" } };
    const { body, headers } = build(wanted, anthropic);
    assert.deepEqual(body["tools"], [
      { type: "web_search_20250305", name: "web_search" },
      { type: "web_fetch_20250910", name: "web_fetch" },
      { type: "code_execution_20250825", name: "code_execution" },
    ]);
    const betas = Object.entries(headers).filter(([name]) => name.toLowerCase() === "anthropic-beta");
    assert.deepEqual(
      betas.map(([, value]) => value),
      ["a,web-fetch-2025-09-10,code-execution-2025-08-25"],
    );
    assert.equal(build(["web_search"], { provider: "anthropic" }).headers["anthropic-beta"], undefined);
  });

  it("are sent to Gemini beside the functions", () => {
    const { body } = build(["web_search", "web_fetch", "code_execution"], {
      provider: "gemini",
      tools: [FUNCTION],
    });
    assert.deepEqual((body["tools"] as object[]).slice(1), [
      { googleSearch: {} },
      { urlContext: {} },
      { codeExecution: {} },
    ]);
  });

  it("take further fields of the service, and are not sent twice if the request brings them itself", () => {
    const own = { type: "web_search", search_context_size: "low" };
    assert.deepEqual(build(["web_search"], { tools: [own] }).body["tools"], [own]);
    assert.deepEqual(
      build(["web_search"], { provider: "gemini", tools: [{ googleSearch: { a: 1 } }] }).body["tools"],
      [{ googleSearch: { a: 1 } }],
    );
    const limited = [{ type: "web_search", max_uses: 2 }];
    assert.deepEqual(build(limited, { provider: "anthropic" }).body["tools"], [
      { type: "web_search_20250305", name: "web_search", max_uses: 2 },
    ]);
  });

  it("are none for an empty list, null, or no list", () => {
    for (const none of [[], null, undefined]) {
      const { body } = build(none, { provider: "groq" });
      assert.deepEqual([body["tools"], "hosted_tools" in body], [undefined, false]);
    }
  });

  it("are refused by name if the service does not have them, or not in this form", () => {
    const fail = (hosted: unknown, more: Partial<ChatOptions>, message: RegExp) =>
      assertFailure(() => build(hosted, more), "invalid_request", message);
    fail(["web_search"], { provider: "groq" }, /^Groq does not have the hosted tool web_search\. Clear it/);
    fail(
      ["file_search"],
      { provider: "anthropic" },
      /file_search\. It has web_search, web_fetch, code_execution\. Clear/,
    );
    fail(["web_search"], { api: "chat" }, /in Responses only\. Set API of the provider to Responses/);
    fail(["web_search"], { baseUrl: "https://gateway.example/v1" }, /in Responses only/);
    fail(["file_search"], {}, /file_search needs vector_store_ids/);
    fail([{ type: "file_search", vector_store_ids: [] }], {}, /needs vector_store_ids/);
    fail(["webSearch"], {}, /no hosted tool "webSearch"\. hosted_tools takes web_search, /);
    fail([{}], {}, /no hosted tool \{\}/);
    fail("web_search", {}, /is not a list/);
  });
});
