import assert from "node:assert/strict";
import type { AssistantMessage } from "../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { nextRequest } from "../../src/core/tools/next-request.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";

const ASKED: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hi", name: "ann" }] };
const CALL = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
const RESULT = { role: "tool", tool_call_id: "call_1", content: "4" };

/** A turn with a call of a tool, as any service may have answered it. */
const ANSWER = {
  role: "assistant",
  content: null,
  reasoning_content: "hm",
  channel: "analysis",
  reasoning_details: [{ type: "reasoning.text", text: "hm" }],
  refusal: "",
  tool_calls: [{ ...CALL, index: 0, extra_content: { google: { thought_signature: "s" } } }],
} as unknown as AssistantMessage;

function bodyOf(id: string, request: ChatRequest): Record<string, unknown> {
  const provider = getProvider(id);
  return JSON.parse(provider.chat(request, checkEndpoint(provider, { apiKey: "key" }), {}).body!);
}

function echoed(id: string): unknown {
  const [asked, answer, result] = bodyOf(id, nextRequest(ASKED, ANSWER, [RESULT]))["messages"] as unknown[];
  assert.deepEqual([asked, result], [ASKED.messages[0], RESULT], "what the author wrote stays as it is");
  return answer;
}

describe("A turn with calls of tools goes back", () => {
  it("to Groq with its reasoning under Groq's name and without any other mark", () => {
    assert.deepEqual(echoed("groq"), {
      role: "assistant",
      content: null,
      reasoning: "hm",
      tool_calls: [CALL],
    });
  });

  it("to Mistral with what was said and called alone", () => {
    assert.deepEqual(echoed("mistral"), { role: "assistant", content: null, tool_calls: [CALL] });
  });

  it("to services that want their marks back with all of them", () => {
    for (const id of ["openrouter", "deepseek", "together"]) assert.deepEqual(echoed(id), ANSWER, id);
  });

  it("with calls of an odd form as they are", () => {
    const odd = {
      role: "assistant",
      content: "",
      tool_calls: [7, { id: "a", type: "function", function: 1 }],
    };
    const messages = [...ASKED.messages, odd, { role: "assistant", content: "", tool_calls: "none" }];
    const sent = bodyOf("mistral", { ...ASKED, messages })["messages"] as unknown[];
    assert.deepEqual(sent, messages);
  });
});

describe("The seed", () => {
  it("has Mistral's own name there, which goes before it", () => {
    const { seed, random_seed } = bodyOf("mistral", { ...ASKED, parameters: { seed: 7 } });
    assert.deepEqual([seed, random_seed], [undefined, 7]);
    const both = bodyOf("mistral", { ...ASKED, parameters: { seed: 7, random_seed: 8 } });
    assert.deepEqual([both["seed"], both["random_seed"]], [undefined, 8]);
    assert.ok(!("random_seed" in bodyOf("mistral", ASKED)));
    assert.equal(bodyOf("groq", { ...ASKED, parameters: { seed: 7 } })["seed"], 7);
  });
});

describe("The balance at OpenRouter", () => {
  const { balance } = getProvider("openrouter");

  it("is asked for with the key", () => {
    const { url, headers } = balance!.request({ baseUrl: "https://openrouter.ai/api/v1", apiKey: "key" });
    assert.equal(url.href, "https://openrouter.ai/api/v1/key");
    assert.equal(headers["authorization"], "Bearer key");
  });

  it("is what is left of the key's limit, where it has one", () => {
    assert.equal(balance!.read({ data: { limit: 10, limit_remaining: 3.204 } }), "3.2 USD");
    for (const body of [undefined, {}, { data: { limit_remaining: null } }, { data: [] }])
      assert.equal(balance!.read(body), undefined);
  });
});
