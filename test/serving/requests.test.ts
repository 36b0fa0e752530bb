import assert from "node:assert/strict";
import type { Failure } from "../../src/core/failure.js";
import { CHAT_COMPLETIONS } from "../../src/serving/chat-completions.js";
import { readQuestion } from "../../src/serving/request-fields.js";
import { SOURCE } from "../support/serving/any-answer.js";

const MESSAGES = [{ role: "user", content: "Hi" }];
const read = (body: Record<string, unknown>) =>
  CHAT_COMPLETIONS.readRequest({ model: "house", messages: MESSAGES, ...body }, SOURCE).request;

describe("A request for Chat Completions", () => {
  it("takes a conversation of every role, with texts, pictures, sound, files, calls and results", () => {
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "developer", content: [{ type: "text", text: "Be kind." }] },
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image_url", image_url: { url: "data:image/png;base64,AA==", detail: "low" } },
          { type: "input_audio", input_audio: { data: "AA==", format: "wav" } },
          { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" } },
        ],
      },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c", type: "function", function: { name: "f" } }],
      },
      { role: "tool", tool_call_id: "c", content: "42" },
      { role: "assistant", refusal: "No." },
    ];
    assert.deepEqual(read({ messages }).messages, messages);
  });

  it("is not streamed if it does not say so", () => {
    assert.equal(read({}).isStreamed, false);
    assert.equal(read({ stream: null }).isStreamed, false);
    assert.equal(read({ stream: true }).isStreamed, true);
  });

  it("sets parameters that change the answer, and none that costs money, goes elsewhere or names somebody", () => {
    const parameters = {
      temperature: 0,
      top_p: 1,
      stop: ["a"],
      seed: 1,
      response_format: { type: "json_object" },
      tool_choice: "auto",
      parallel_tool_calls: false,
      reasoning_effort: "low",
      logprobs: true,
      top_logprobs: 2,
      logit_bias: { 5: 1 },
      modalities: ["text"],
    };
    const ignored = {
      service_tier: "priority",
      web_search_options: {},
      store: true,
      metadata: { a: "b" },
      user: "ada",
      provider: { order: ["x"] },
      base_url: "http://elsewhere",
      baseURL: "http://elsewhere",
      api_key: "k",
      apiKey: "k",
      headers: { a: "b" },
      venice_parameters: {},
      functions: [],
      n: 1,
      stream: true,
      stream_options: {},
      unknown: 1,
      max_tokens: null,
    };
    assert.deepEqual(read({ ...parameters, ...ignored }).options, parameters);
  });

  it("prefers max_completion_tokens to max_tokens", () => {
    assert.deepEqual(read({ max_tokens: 5 }).options, { max_tokens: 5 });
    assert.deepEqual(read({ max_completion_tokens: 6, max_tokens: 5 }).options, { max_tokens: 6 });
  });

  it("keeps the client's names of the conversation and of its user apart, and drops names that are no text", () => {
    const { conversation, user } = read({ user: "ada", chat_id: "c-1", session_id: "s-1" });
    assert.deepEqual([conversation, user], ["c-1", "ada"]);
    assert.equal(read({ session_id: "s-1" }).conversation, "s-1");
    for (const odd of [{}, 5, null, "x".repeat(600)]) assert.equal(read({ chat_id: odd }).conversation, "");
  });

  it("brings tools, and none if the list is empty", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    assert.deepEqual(read({ tools }).tools, tools);
    assert.equal("tools" in read({ tools: [] }), false);
    assert.equal("tools" in read({ tools: null }), false);
  });

  for (const [body, field] of [
    [{ messages: undefined }, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: {} }, "messages"],
    [{ messages: ["Hi"] }, "messages[0]"],
    [{ messages: [MESSAGES[0], null] }, "messages[1]"],
    [{ messages: [{ content: "Hi" }] }, "messages[0].role"],
    [{ messages: [{ role: "boss", content: "Hi" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: {} }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: ["Hi"] }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: [{ text: "Hi" }] }] }, "messages[0].content"],
    [{ messages: [{ role: "tool", content: "42" }] }, "messages[0].tool_call_id"],
    [{ messages: [{ role: "assistant", tool_calls: "f" }] }, "messages[0].tool_calls"],
    [{ model: 5 }, "model"],
    [{ model: "m".repeat(600) }, "model"],
    [{ stream: "yes" }, "stream"],
    [{ tools: {} }, "tools"],
    [{ tools: ["f"] }, "tools"],
    [{ n: 2 }, "n"],
    // What came before tools: nobody would call these functions.
    [{ functions: [{ name: "f" }] }, "functions"],
    [{ function_call: "auto" }, "function_call"],
  ] as const) {
    it(`is refused by the name of the field: ${JSON.stringify(body).slice(0, 60)}`, () => {
      assert.throws(
        () => read(body as unknown as Record<string, unknown>),
        (error: Failure) => error.code === "invalid_request" && error.message.includes(`field ${field} `),
      );
    });
  }

  it("has the text of the user's newest message for flows that want no more", () => {
    const ask = (content: unknown) =>
      readQuestion([
        { role: "user", content },
        { role: "assistant", content: "…" },
      ]);
    assert.equal(ask("Hi"), "Hi");
    assert.equal(
      ask([{ type: "text", text: "a" }, { type: "image_url" }, { type: "text", text: "b" }]),
      "a\nb",
    );
    assert.equal(ask(null), "");
    assert.equal(readQuestion([{ role: "system", content: "x" }]), "");
  });
});
