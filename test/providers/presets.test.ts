import assert from "node:assert/strict";
import type { AssistantMessage } from "../../src/core/chat/chunk.js";
import type { ChatRequest } from "../../src/core/chat/request.js";
import { buildNextRequest } from "../../src/core/tools/next-request.js";
import { checkEndpoint } from "../../src/providers/check-endpoint.js";
import { getProvider } from "../../src/providers/index.js";

const REQUEST: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hi", name: "ann" }] };
const CALL = { id: "call00001", type: "function", function: { name: "f", arguments: "{}" } };
const RESULT = { role: "tool", tool_call_id: "call00001", content: "4" };

/** An answer with a tool call and extra fields of several services. */
const ANSWER = {
  role: "assistant",
  content: null,
  reasoning_content: "hm",
  channel: "analysis",
  reasoning_details: [{ type: "reasoning.text", text: "hm" }],
  refusal: "",
  tool_calls: [{ ...CALL, index: 0, extra_content: { google: { thought_signature: "s" } } }],
} as unknown as AssistantMessage;

function buildBody(id: string, request: ChatRequest): Record<string, unknown> {
  const provider = getProvider(id);
  const endpoint = { ...checkEndpoint(provider, { apiKey: "key" }), api: "chat" as const };
  return JSON.parse(provider.buildChatRequest(request, endpoint, {}).body!);
}

function sendAnswer(id: string): unknown {
  const [question, answer, result] = buildBody(id, buildNextRequest(REQUEST, ANSWER, [RESULT]))[
    "messages"
  ] as unknown[];
  assert.deepEqual([question, result], [REQUEST.messages[0], RESULT], "the author's messages stay unchanged");
  return answer;
}

describe("Past tool calls sent to presets", () => {
  it("sends Groq past reasoning under its own name and no other extra fields", () => {
    assert.deepEqual(sendAnswer("groq"), {
      role: "assistant",
      content: null,
      reasoning: "hm",
      tool_calls: [CALL],
    });
  });

  it("sends Mistral only the thoughts, the text and the calls of a past answer", () => {
    const content = [{ type: "thinking", thinking: [{ type: "text", text: "hm" }], closed: true }];
    assert.deepEqual(sendAnswer("mistral"), { role: "assistant", content, tool_calls: [CALL] });
    const messages = [...REQUEST.messages, { role: "assistant", content: "4", reasoning_content: "hm" }];
    assert.deepEqual((buildBody("mistral", { ...REQUEST, messages })["messages"] as unknown[])[1], {
      role: "assistant",
      content: [...content, { type: "text", text: "4" }],
    });
  });

  it("sends OpenRouter, DeepSeek and Together a past answer without the fields that nobody knows", () => {
    const { channel: _, ...known } = ANSWER as unknown as Record<string, unknown>;
    for (const id of ["openrouter", "deepseek", "together"]) assert.deepEqual(sendAnswer(id), known, id);
  });

  it("sends every service the answer as the assistant's, whatever role the service gave it", () => {
    for (const role of ["system", "developer", "user", "tool"]) {
      const { messages } = buildNextRequest(REQUEST, { ...ANSWER, role }, [RESULT]);
      assert.equal(messages[1]!.role, "assistant");
    }
  });

  it("replaces a call's id that the service refuses, in the call and its result alike, and always by the same one", () => {
    const id = `call_${"a-long-id-".repeat(4)}`;
    const answer = { ...ANSWER, tool_calls: [{ ...CALL, id }] };
    const results = [{ ...RESULT, tool_call_id: id }];
    for (const [service, form] of [
      ["openai", /^[A-Za-z0-9]{9}$/],
      ["azure-openai", /^[A-Za-z0-9]{9}$/],
      ["mistral", /^[A-Za-z0-9]{9}$/],
      ["openrouter", /^[A-Za-z0-9]{9}$/],
    ] as const) {
      const address = service === "azure-openai" ? { baseUrl: "https://x.openai.azure.com" } : {};
      const ids = [1, 2].map(() => {
        const provider = getProvider(service);
        const request = buildNextRequest(REQUEST, answer, results);
        const endpoint = checkEndpoint(provider, { apiKey: "key", api: "chat", ...address });
        const { messages } = JSON.parse(provider.buildChatRequest(request, endpoint, {}).body!) as {
          messages: [unknown, { tool_calls: [{ id: string }] }, { tool_call_id: string }];
        };
        assert.equal(messages[1].tool_calls[0].id, messages[2].tool_call_id, service);
        return messages[2].tool_call_id;
      });
      assert.match(ids[0]!, form, service);
      assert.equal(ids[0], ids[1]);
    }
  });

  it("leaves ids alone that the service takes", () => {
    const { messages } = buildBody("openai", buildNextRequest(REQUEST, ANSWER, [RESULT])) as {
      messages: unknown[];
    };
    assert.equal((messages[2] as { tool_call_id: string }).tool_call_id, CALL.id);
  });

  it("sends Mistral malformed tool calls unchanged", () => {
    const odd = {
      role: "assistant",
      content: "",
      tool_calls: [7, { id: "aaaaaaaaa", type: "function", function: 1 }],
    };
    const messages = [...REQUEST.messages, odd, { role: "assistant", content: "", tool_calls: "none" }];
    const sent = buildBody("mistral", { ...REQUEST, messages })["messages"] as unknown[];
    assert.deepEqual(sent, messages);
  });
});

describe("Parameters of presets", () => {
  it("sends DeepSeek an effort that it has, and whether to think", () => {
    const build = (parameters: object) => {
      const { thinking, reasoning_effort } = buildBody("deepseek", {
        ...REQUEST,
        parameters: { ...parameters },
      });
      return [thinking, reasoning_effort];
    };
    assert.deepEqual(build({}), [undefined, undefined]);
    assert.deepEqual(build({ reasoning_effort: "none" }), [{ type: "disabled" }, undefined]);
    for (const [effort, word] of [
      ["minimal", "low"],
      ["low", "low"],
      ["medium", "high"],
      ["high", "high"],
      ["xhigh", "max"],
      ["max", "max"],
    ])
      assert.deepEqual(build({ reasoning_effort: effort }), [{ type: "enabled" }, word]);
    const thinking = { type: "disabled" };
    assert.deepEqual(build({ thinking, reasoning_effort: "low" }), [thinking, "low"]);
  });

  it("sends a limit of tokens under the only name that a service knows", () => {
    for (const id of ["mistral", "deepseek", "together"]) {
      const parameters = { max_tokens: 9, max_completion_tokens: 5 };
      const { max_tokens, max_completion_tokens } = buildBody(id, { ...REQUEST, parameters });
      assert.deepEqual([max_tokens, max_completion_tokens], [5, undefined], id);
      assert.equal(buildBody(id, { ...REQUEST, parameters: { max_tokens: 9 } })["max_tokens"], 9);
    }
    const body = buildBody("groq", { ...REQUEST, parameters: { max_completion_tokens: 5 } });
    assert.deepEqual([body["max_tokens"], body["max_completion_tokens"]], [undefined, 5]);
  });

  it("leaves out for Mistral who asks and what is kept, which it does not know", () => {
    const parameters = { user: "ann", safety_identifier: "ann", store: false, metadata: { a: "b" } };
    const body = buildBody("mistral", { ...REQUEST, parameters });
    assert.ok(!("user" in body) && !("safety_identifier" in body) && !("store" in body));
    assert.deepEqual(body["metadata"], { a: "b" });
  });

  it("sends Mistral the seed as random_seed, which wins if both are set", () => {
    const { seed, random_seed } = buildBody("mistral", { ...REQUEST, parameters: { seed: 7 } });
    assert.deepEqual([seed, random_seed], [undefined, 7]);
    const both = buildBody("mistral", { ...REQUEST, parameters: { seed: 7, random_seed: 8 } });
    assert.deepEqual([both["seed"], both["random_seed"]], [undefined, 8]);
    assert.ok(!("random_seed" in buildBody("mistral", REQUEST)));
    assert.equal(buildBody("groq", { ...REQUEST, parameters: { seed: 7 } })["seed"], 7);
  });
});

describe("Balance at OpenRouter", () => {
  const { balance } = getProvider("openrouter");

  it("requests OpenRouter's balance with the key as a bearer token", () => {
    const { url, headers } = balance!.request({ baseUrl: "https://openrouter.ai/api/v1", apiKey: "key" });
    assert.equal(url.href, "https://openrouter.ai/api/v1/key");
    assert.equal(headers["authorization"], "Bearer key");
  });

  it("reads the rest of the OpenRouter key's limit, if the key has one", () => {
    assert.equal(balance!.read({ data: { limit: 10, limit_remaining: 3.204 } }), "3.2 USD");
    for (const body of [undefined, {}, { data: { limit_remaining: null } }, { data: [] }])
      assert.equal(balance!.read(body), undefined);
  });
});
