import assert from "node:assert/strict";
import type { ChatMessage } from "../../src/core/chat/chunk.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";

const CALL = { id: "call00001", type: "function", function: { name: "f", arguments: "{}" } };

/** A user's message after results of tools, as steering puts it there. */
const STEERED: ChatMessage[] = [
  { role: "user", content: "Hi" },
  { role: "assistant", content: null, tool_calls: [CALL, { ...CALL, id: "call00002" }] },
  { role: "tool", tool_call_id: "call00001", content: "4" },
  { role: "tool", tool_call_id: "call00002", content: "5" },
  { role: "user", content: "In Celsius" },
];

function buildBody(id: string, api: "chat" | "responses" = "chat"): Record<string, unknown> {
  const provider = getProvider(id);
  const endpoint = { ...checkEndpoint(provider, { apiKey: "key" }), api };
  return JSON.parse(provider.buildChatRequest({ model: "m", messages: STEERED }, endpoint, {}).body!);
}

const readRoles = (list: unknown) => (list as { role: string }[]).map(({ role }) => role);

describe("A user's message after the results of tools", () => {
  it("goes to Anthropic in one message with the results, which come first", () => {
    const messages = buildBody("anthropic")["messages"] as { role: string; content: { type: string }[] }[];
    assert.deepEqual(readRoles(messages), ["user", "assistant", "user"]);
    assert.deepEqual(
      messages[2]!.content.map(({ type }) => type),
      ["tool_result", "tool_result", "text"],
    );
  });

  it("goes to Gemini after one content with both results", () => {
    const contents = buildBody("gemini")["contents"] as { role: string; parts: object[] }[];
    assert.deepEqual(readRoles(contents), ["user", "model", "user", "user"]);
    assert.deepEqual(
      contents[2]!.parts.map((part) => Object.keys(part)),
      [["functionResponse"], ["functionResponse"]],
    );
    assert.deepEqual(contents[3]!.parts, [{ text: "In Celsius" }]);
  });

  it("goes to Mistral after a word of the model, which it demands there", () => {
    assert.deepEqual(readRoles(buildBody("mistral")["messages"]), [
      "user",
      "assistant",
      "tool",
      "tool",
      "assistant",
      "user",
    ]);
  });

  it("goes to OpenAI Responses as an item after the results", () => {
    const input = buildBody("openai", "responses")["input"] as { type?: string; role?: string }[];
    assert.deepEqual(
      input.slice(-3).map(({ type, role }) => role ?? type),
      ["function_call_output", "function_call_output", "user"],
    );
  });

  it("goes to other services of Chat Completions, and to Ollama, as it is", () => {
    for (const id of ["openai", "groq", "deepseek", "openrouter", "together", "ollama"])
      assert.deepEqual(
        readRoles(buildBody(id)["messages"]),
        ["user", "assistant", "tool", "tool", "user"],
        id,
      );
  });
});
