import assert from "node:assert/strict";
import type { ChatRequest } from "../../../src/core/chat/request.js";
import { isObject } from "../../../src/core/json/parse.js";
import { getProvider } from "../../../src/providers/index.js";
import type { ProviderMemory } from "../../../src/providers/provider.js";
import { assertFailure } from "../../support/assert-failure.js";
import { judgeRequest } from "../../support/services/responses-judge.js";

const REQUEST: ChatRequest = { model: "gpt-x", messages: [{ role: "user", content: "hi" }] };
const ENDPOINT = { baseUrl: "https://api.openai.com/v1", apiKey: "k" };
const SCHEMA = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };

type Body = Record<string, unknown>;

function build(request: Partial<ChatRequest> = {}, id = "openai", memory: ProviderMemory = {}): Body {
  const provider = getProvider(id);
  const baseUrl = provider.baseUrl ?? "https://r.openai.azure.com";
  const endpoint = { baseUrl, apiKey: "k", api: "responses" as const, settings: {} };
  return JSON.parse(provider.buildChatRequest({ ...REQUEST, ...request }, endpoint, memory).body!) as Body;
}

const buildWith = (parameters: Record<string, unknown>, id?: string) => build({ parameters }, id);

describe("Responses request", () => {
  it("has the conversation as items, keeps nothing at the service and asks for encrypted reasoning", () => {
    assert.deepEqual(build(), {
      model: "gpt-x",
      input: [{ type: "message", role: "user", content: "hi" }],
      include: ["reasoning.encrypted_content"],
      store: false,
      stream: true,
    });
  });

  it("names the parameters of Chat Completions as Responses does", () => {
    const { include, ...body } = buildWith({
      max_completion_tokens: 99,
      temperature: 0.5,
      reasoning_effort: "max",
      verbosity: "low",
      logprobs: true,
      top_logprobs: 3,
      metadata: { a: "b" },
      user: "u",
      service_tier: "flex",
      prompt_cache_key: "c",
      stream_options: { include_usage: true, include_obfuscation: false },
    });
    assert.deepEqual(include, ["reasoning.encrypted_content", "message.output_text.logprobs"]);
    assert.deepEqual(body, {
      model: "gpt-x",
      input: [{ type: "message", role: "user", content: "hi" }],
      max_output_tokens: 99,
      reasoning: { effort: "max", summary: "auto" },
      text: { verbosity: "low" },
      store: false,
      stream_options: { include_obfuscation: false },
      temperature: 0.5,
      top_logprobs: 3,
      metadata: { a: "b" },
      user: "u",
      service_tier: "flex",
      prompt_cache_key: "c",
      stream: true,
    });
  });

  it("asks for JSON by a schema with a name, and keeps the author's own fields of text and reasoning", () => {
    const response_format = { type: "json_schema", json_schema: { schema: SCHEMA, strict: true } };
    const body = buildWith({
      response_format,
      text: { verbosity: "high" },
      reasoning: { summary: "detailed" },
      reasoning_effort: "low",
    });
    assert.deepEqual(body["text"], {
      format: { type: "json_schema", name: "answer", schema: SCHEMA, strict: true },
      verbosity: "high",
    });
    assert.deepEqual(body["reasoning"], { effort: "low", summary: "detailed" });
    assert.deepEqual(buildWith({ response_format: { type: "json_object" } })["text"], {
      format: { type: "json_object" },
    });
  });

  it("has tools with their names beside their types, never strict by omission", () => {
    const { tools, tool_choice, parallel_tool_calls } = build({
      tools: [
        { type: "function", function: { name: "f", description: "d", parameters: SCHEMA } },
        { type: "function", function: { name: "g", strict: true, parameters: null } },
        {
          type: "custom",
          custom: { name: "sql", format: { type: "grammar", grammar: { syntax: "lark", definition: "x" } } },
        },
        { type: "code_interpreter", container: { type: "auto" } },
      ],
      parameters: {
        tool_choice: { type: "function", function: { name: "f" } },
        parallel_tool_calls: false,
        web_search_options: {
          search_context_size: "low",
          user_location: { type: "approximate", approximate: { country: "DE" } },
        },
      },
    });
    assert.deepEqual(tools, [
      { type: "function", name: "f", description: "d", parameters: SCHEMA, strict: false },
      { type: "function", name: "g", parameters: { type: "object", properties: {} }, strict: true },
      { type: "custom", name: "sql", format: { type: "grammar", syntax: "lark", definition: "x" } },
      { type: "code_interpreter", container: { type: "auto" } },
      {
        type: "web_search",
        search_context_size: "low",
        user_location: { type: "approximate", country: "DE" },
      },
    ]);
    assert.deepEqual(tool_choice, { type: "function", name: "f" });
    assert.equal(parallel_tool_calls, false);
  });

  it("flattens a choice among allowed tools, and sends no choice without tools", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    const allowed = { mode: "required", tools: [{ type: "function", function: { name: "f" } }] };
    const choice = { type: "allowed_tools", allowed_tools: allowed };
    assert.deepEqual(build({ tools, parameters: { tool_choice: choice } })["tool_choice"], {
      type: "allowed_tools",
      mode: "required",
      tools: [{ type: "function", name: "f" }],
    });
    const body = buildWith({ tool_choice: "required", parallel_tool_calls: true });
    assert.equal("tool_choice" in body || "parallel_tool_calls" in body, false);
  });

  for (const [name, value] of Object.entries({
    n: 2,
    stop: ["x"],
    seed: 1,
    logit_bias: { 5: 1 },
    prediction: { type: "content", content: "x" },
    audio: { voice: "alloy" },
    modalities: ["text", "audio"],
    functions: [{}],
    function_call: "auto",
    presence_penalty: 1,
    frequency_penalty: 0.5,
  })) {
    it(`fails for ${name} with invalid_request that names it, before anything is sent`, () => {
      const advice = name.startsWith("function")
        ? "Use tool"
        : "Leave it out, or set API of the provider to Chat";
      const said = `The Responses API of OpenAI cannot take the parameter ${name}. ${advice}`;
      assertFailure(() => buildWith({ [name]: value }), "invalid_request", new RegExp(said));
    });
  }

  it("drops parameters whose value changes nothing", () => {
    const body = buildWith({
      n: 1,
      stop: [],
      presence_penalty: 0,
      logit_bias: {},
      modalities: ["text"],
      logprobs: false,
    });
    assert.deepEqual(body, build());
  });

  it("has no empty and no null fields, which gateways refuse", () => {
    const empty = { instructions: "", include: [], metadata: null, temperature: null, tool_choice: null };
    const tools = [{ type: "function", function: { name: "f", description: null, strict: null } }];
    assert.deepEqual(
      build({ tools: [], parameters: { ...empty, stream_options: { include_usage: true } } }),
      build(),
    );
    assert.deepEqual(build({ tools, parameters: empty })["tools"], [
      { type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false },
    ]);
    assert.equal(buildWith({ instructions: "Be short." })["instructions"], "Be short.");
  });

  it("sends the parameters that only some services have", () => {
    assert.equal(buildWith({ seed: 1, stop: ["x"] }, "vllm")["seed"], 1);
    assert.equal(buildWith({ seed: 1 }, "xai")["seed"], 1);
    assertFailure(() => buildWith({ stop: ["x"] }, "xai"), "invalid_request", /stop/);
  });

  it("leaves state at the service to an author who asks for it", () => {
    const stored = buildWith({ store: true });
    assert.deepEqual([stored["store"], stored["include"]], [true, undefined]);
    const linked = buildWith({ previous_response_id: "resp_1" });
    assert.deepEqual(
      [linked["store"], linked["include"], linked["previous_response_id"]],
      [undefined, undefined, "resp_1"],
    );
    const joined = buildWith({ conversation: "conv_1" });
    assert.deepEqual(
      [joined["store"], joined["include"], joined["conversation"]],
      [undefined, undefined, "conv_1"],
    );
  });

  it("asks models that never reason, and services that encrypt nothing, for no encrypted reasoning", () => {
    assert.equal(build({ model: "gpt-4.1-mini" })["include"], undefined);
    assert.equal(build({ model: "gpt-5-chat-latest" })["include"], undefined);
    assert.equal(build({}, "groq")["include"], undefined);
    assert.equal("store" in build({}, "groq"), false);
    assert.equal(build({}, "lmstudio")["include"], undefined);
  });

  it("is accepted by OpenAI's rules in all the forms above", () => {
    const account = { encrypted: new Set(), plainModels: new Set() };
    const body = build({
      messages: [
        { role: "system", content: "Answer in JSON." },
        { role: "user", content: [{ type: "text", text: "hi" }] },
      ],
      tools: [{ type: "function", function: { name: "f", parameters: SCHEMA } }],
      parameters: { response_format: { type: "json_object" }, tool_choice: "auto", max_tokens: 50 },
    });
    assert.equal(judgeRequest(body, account), undefined);
  });
});

describe("Refusals of a Responses request", () => {
  const learn = (body: string, memory: ProviderMemory = {}, status = 400) =>
    getProvider("openai").learn!(status, body, memory, { model: "gpt-x", endpoint: ENDPOINT });

  for (const [field, message, check] of [
    [
      "encryptedReasoning",
      "Encrypted content is not supported with this model.",
      (body: Body) => body["include"],
    ],
    [
      "reasoningSummary",
      "Your organization must be verified to generate reasoning summaries.",
      ({ reasoning }: Body) => isObject(reasoning) && reasoning["summary"],
    ],
    ["store", "Unknown parameter: 'store'.", (body: Body) => "store" in body || undefined],
  ] as const) {
    it(`are learned for ${field}, for this model only`, () => {
      const lesson = learn(message)!;
      assert.deepEqual(lesson, { refusedFields: { "gpt-x": [field] } });
      const parameters = { reasoning_effort: "low" };
      assert.ok(!check(build({ parameters }, "openai", lesson)));
      assert.notEqual(check(build({ model: "o9", parameters }, "openai", lesson)), undefined);
      assert.equal(learn(message, lesson), undefined);
    });
  }

  it("are learned for encrypted reasoning that the service cannot read, once", () => {
    const message = "The encrypted content gAAA... could not be verified.";
    assert.deepEqual(learn(message), { refusesEncrypted: true });
    assert.equal(learn(message, { refusesEncrypted: true }), undefined);
  });

  it("are not learned from other errors", () => {
    assert.equal(learn("Unsupported value: 'reasoning.effort' does not support 'max'."), undefined);
    assert.equal(learn("Rate limit reached for store", {}, 429), undefined);
    assert.equal(learn("Unsupported parameter: max_output_tokens"), undefined, "it is the author's");
    assert.equal(learn("Invalid schema for response_format 'answer'", {}, 502), undefined);
  });
});
