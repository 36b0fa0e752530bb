import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { Failure } from "../../../src/core/failure.js";
import {
  type AnthropicConversation,
  buildAnthropicConversation,
} from "../../../src/providers/anthropic/messages.js";
import { assertFailure } from "../../support/assert-failure.js";
import { anyJson, anyText } from "../../support/inputs/arbitraries.js";

const CACHE = { cache_control: { type: "ephemeral" } };

function createUserMessage(content: unknown): ChatMessage {
  return { role: "user", content };
}

function assertRefused(messages: readonly ChatMessage[], pattern: RegExp): void {
  assertFailure(() => buildAnthropicConversation(messages), "invalid_request", pattern);
}

function createCall(id: string, name: string, args: string): object {
  return { id, type: "function", function: { name, arguments: args } };
}

describe("Conversation for Anthropic", () => {
  it("moves system messages from anywhere in the conversation into the system field", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        { role: "system", content: "Be brief." },
        createUserMessage("Hi"),
        { role: "developer", content: [{ type: "text", text: "Be kind." }] },
      ]),
      { system: "Be brief.\n\nBe kind.", messages: [{ role: "user", content: "Hi" }] },
    );
    const cached = [{ type: "text", text: "Be brief.", ...CACHE }];
    assert.deepEqual(
      buildAnthropicConversation([{ role: "system", content: cached }, createUserMessage("Hi")]).system,
      cached,
    );
  });

  it("merges consecutive messages of one side", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        createUserMessage("a"),
        createUserMessage("b"),
        { role: "assistant", content: "c" },
        { role: "assistant", content: "d" },
        createUserMessage("e"),
      ]).messages,
      [
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "text", text: "c" },
            { type: "text", text: "d" },
          ],
        },
        { role: "user", content: "e" },
      ],
    );
  });

  it("drops empty texts and messages, and fails if nothing is left to ask", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        createUserMessage("a"),
        { role: "assistant", content: null },
        createUserMessage([{ type: "text", text: " " }]),
        createUserMessage("b"),
      ]).messages,
      [
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b" },
          ],
        },
      ],
    );
    assertRefused([createUserMessage(""), { role: "system", content: "Be brief." }], /prompt is empty/);
  });

  it("cuts trailing white space off an answer that the model is to continue", () => {
    const buildLastMessage = (content: unknown) =>
      buildAnthropicConversation([createUserMessage("a"), { role: "assistant", content }]).messages.at(-1);
    assert.deepEqual(buildLastMessage("Once upon \n"), { role: "assistant", content: "Once upon" });
    assert.equal(buildLastMessage(" ")?.role, "user");
  });

  it("puts tool results in order before the next text of the user", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        createUserMessage("Weather?"),
        {
          role: "assistant",
          content: "I look.",
          tool_calls: [
            createCall("toolu_1", "get_weather", '{"city":"Köln"}'),
            createCall("f.x:1", "now", ""),
          ],
        },
        createUserMessage("Quick!"),
        { role: "tool", tool_call_id: "toolu_1", content: "rain" },
        {
          role: "tool",
          tool_call_id: "f.x:1",
          content: [{ type: "text", text: "noon" }],
          is_error: true,
          ...CACHE,
        },
      ]).messages.slice(1),
      [
        {
          role: "assistant",
          content: [
            { type: "text", text: "I look." },
            { type: "tool_use", id: "toolu_1", name: "get_weather", input: { city: "Köln" } },
            { type: "tool_use", id: "f_x_1", name: "now", input: {} },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_1", content: "rain" },
            { type: "tool_result", tool_use_id: "f_x_1", content: "noon", is_error: true, ...CACHE },
            { type: "text", text: "Quick!" },
          ],
        },
      ],
    );
  });

  it("keeps a past call with invalid JSON arguments as INVALID_JSON", () => {
    const { messages } = buildAnthropicConversation([
      createUserMessage("a"),
      { role: "assistant", content: null, tool_calls: [createCall("1", "f", '{"a":')] },
      { role: "tool", tool_call_id: "1", content: "" },
    ]);
    assert.deepEqual(messages.slice(1), [
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "1", name: "f", input: { INVALID_JSON: '{"a":' } }],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "1" }] },
    ]);
  });

  it("sends back Anthropic's signed thinking first, and drops thinking of other services", () => {
    const format = "anthropic-claude-v1";
    const answer = {
      role: "assistant",
      content: "c",
      reasoning_content: "Hm.",
      reasoning_details: [
        { type: "reasoning.text", text: "Hm.", signature: "c2ln", format },
        { type: "reasoning.encrypted", data: "EmwK", format },
        { type: "reasoning.text", text: "Other", signature: "x", format: "google-gemini-v1" },
        { type: "reasoning.text", text: "", signature: "b25seQ==", format },
      ],
      tool_calls: [createCall("1", "f", "{}")],
    };
    assert.deepEqual(buildAnthropicConversation([createUserMessage("a"), answer]).messages[1]!.content, [
      { type: "thinking", thinking: "Hm.", signature: "c2ln" },
      { type: "redacted_thinking", data: "EmwK" },
      { type: "thinking", thinking: "", signature: "b25seQ==" },
      { type: "text", text: "c" },
      { type: "tool_use", id: "1", name: "f", input: {} },
    ]);
  });

  it("sends back the blocks of Anthropic's own tools, without unanswered calls if the user goes on", () => {
    const used = { type: "server_tool_use", id: "s", name: "web_search", input: { query: "a" } };
    const found = { type: "web_search_tool_result", tool_use_id: "s", content: [] };
    const paused = { role: "assistant", content: "I look.", anthropic_blocks: { "10": found, "2": used } };
    assert.deepEqual(buildAnthropicConversation([createUserMessage("a"), paused]).messages[1]!.content, [
      { type: "text", text: "I look." },
      used,
      found,
    ]);
    const unanswered = { ...used, id: "t" };
    const cut = { ...paused, anthropic_blocks: { 0: used, 1: found, 2: unanswered } };
    const result = { role: "tool", tool_call_id: "1", content: "" };
    for (const [next, expected] of [
      [undefined, [used, found, unanswered]],
      [result, [used, found, unanswered]],
      [createUserMessage("Never mind."), [used, found]],
    ] as const) {
      const { messages } = buildAnthropicConversation([createUserMessage("a"), cut, ...(next ? [next] : [])]);
      assert.deepEqual(messages[1]!.content, [{ type: "text", text: "I look." }, ...expected]);
    }
  });

  it("restores the order of the blocks, unless a flow has changed the answer", () => {
    const found = { type: "web_search_tool_result", tool_use_id: "s", content: [] };
    const answer = {
      role: "assistant",
      content: "Look.\n\nFound.",
      reasoning_details: [
        { type: "reasoning.text", text: "A", signature: "c2ln", format: "anthropic-claude-v1" },
        { type: "reasoning.encrypted", data: "EmwK", format: "anthropic-claude-v1" },
      ],
      anthropic_blocks: { "1": found },
      anthropic_order: ["thinking", 5, "block", 2, "thinking", 6, "tool_use"],
      tool_calls: [createCall("1", "f", "{}")],
      ...CACHE,
    };
    const buildTypes = (change: object) => {
      const { content } = buildAnthropicConversation([createUserMessage("a"), { ...answer, ...change }])
        .messages[1]!;
      return (content as { type: string }[]).map(({ type }) => type);
    };
    const { content } = buildAnthropicConversation([createUserMessage("a"), answer]).messages[1]!;
    assert.deepEqual(content, [
      { type: "thinking", thinking: "A", signature: "c2ln" },
      { type: "text", text: "Look." },
      found,
      { type: "redacted_thinking", data: "EmwK" },
      { type: "text", text: "Found.", ...CACHE },
      { type: "tool_use", id: "1", name: "f", input: {} },
    ]);
    const usual = ["thinking", "redacted_thinking", "text", found.type, "tool_use"];
    for (const change of [
      { content: "Found." },
      { content: `${answer.content} It is so.` },
      { content: [answer.content] },
      { anthropic_order: ["thinking", 13, "block", "tool_use"] },
      { anthropic_order: ["thinking", 13, "block", "thinking", "tool_use", "tool_use"] },
      { anthropic_order: ["thinking", -1, 13, "block", "thinking", "tool_use"] },
      { anthropic_order: [null] },
      { anthropic_order: "thinking" },
    ]) {
      assert.deepEqual(buildTypes(change), usual, JSON.stringify(change));
    }
  });

  it("sends a refusal or an audio transcript as text", () => {
    const answer = (fields: object) =>
      buildAnthropicConversation([createUserMessage("a"), { role: "assistant", content: null, ...fields }])
        .messages[1]?.content;
    assert.equal(answer({ refusal: "No." }), "No.");
    assert.equal(answer({ audio: { id: "a", transcript: "Yes." } }), "Yes.");
    assertRefused(
      [createUserMessage("a"), { role: "assistant", content: null, audio: { id: "a" } }],
      /only audio \(Message 1\)/,
    );
  });

  it("fails with invalid_request that names the content and the message that cannot be sent", () => {
    assertRefused(
      [createUserMessage("a"), { role: "function", name: "f", content: "x" }],
      /the role "function" \(Message 1\)/,
    );
    assertRefused([createUserMessage("a"), { role: "tool", content: "x" }], /Message 1 .*tool_call_id/);
    assertRefused(
      [createUserMessage([{ type: "input_audio", input_audio: { data: "UklG", format: "wav" } }])],
      /take audio \(Message 0\)/,
    );
    assertRefused(
      [createUserMessage([{ type: "video_url", video_url: { url: "https://a/v.mp4" } }])],
      /take video/,
    );
    assertRefused(
      [createUserMessage([{ type: "image_url", image_url: { url: "data:image/tiff;base64,AA==" } }])],
      /image\/tiff/,
    );
    assertRefused(
      [createUserMessage([{ type: "image_url", image_url: { url: "file:///etc/passwd" } }])],
      /neither http, https nor data/,
    );
    assertRefused(
      [createUserMessage([{ type: "file", file: { filename: "a.zip", file_data: "AA==" } }])],
      /octet-stream/,
    );
    assertRefused([createUserMessage([{ text: 1 }])], /text part without a text/);
    assertRefused([createUserMessage(5)], /neither a text nor a list/);
    assertRefused([createUserMessage([{ a: 1 }])], /without a type/);
    assertRefused(
      [
        { role: "system", content: [{ type: "image_url", image_url: { url: "https://a/b.png" } }] },
        createUserMessage("a"),
      ],
      /image in a system message/,
    );
    assertRefused(
      [createUserMessage("a"), { role: "assistant", tool_calls: [{ type: "custom", custom: {} }] }],
      /not a function call/,
    );
  });

  it("builds a conversation that keeps Anthropic's rules from any messages, or fails with invalid_request", () => {
    const message = fc.record(
      {
        role: fc.constantFrom("system", "user", "assistant", "tool", "developer"),
        content: fc.oneof(anyText, fc.constant(null), anyJson),
        tool_call_id: fc.constantFrom("1", "a:b"),
        tool_calls: fc.oneof(
          anyJson,
          fc.array(fc.record({ id: anyText, function: fc.record({ name: anyText, arguments: anyText }) }), {
            maxLength: 2,
          }),
        ),
        reasoning_details: anyJson,
        anthropic_blocks: anyJson,
        anthropic_order: fc.oneof(anyJson, fc.array(fc.constantFrom("thinking", "block", "tool_use", 1, 3))),
      },
      { requiredKeys: ["role", "content", "tool_call_id"] },
    );
    // A type that cannot be converted to a string.
    const unprintableType = [
      {
        role: "assistant" as const,
        content: null,
        tool_call_id: "1" as const,
        anthropic_blocks: { "1": { type: { toString: 1 } } },
      },
      { role: "user" as const, content: "", tool_call_id: "1" as const },
    ];
    let sent = 0;
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        let conversation: AnthropicConversation;
        try {
          conversation = buildAnthropicConversation(messages as ChatMessage[]);
        } catch (thrown) {
          assert.ok(thrown instanceof Failure);
          assert.equal(thrown.code, "invalid_request");
          return;
        }
        sent++;
        assertRulesKept(conversation);
      }),
      { numRuns: 400, examples: [[unprintableType]] },
    );
    assert.ok(sent > 50, `${sent} conversations were built`);
  });
});

function assertRulesKept({ messages }: AnthropicConversation): void {
  assert.ok(messages.length > 0);
  for (const [at, { role, content }] of messages.entries()) {
    assert.notEqual(role, messages[at - 1]?.role, "the roles alternate");
    if (typeof content === "string") assert.notEqual(content.trim(), "");
    else {
      assert.ok(content.length > 0);
      const types = content.map((block) => block["type"]);
      const results = types.filter((type) => type === "tool_result").length;
      assert.ok(role === "assistant" || types.slice(0, results).every((type) => type === "tool_result"));
      for (const block of content) {
        if (block["type"] === "text") assert.notEqual(String(block["text"]).trim(), "");
        if (block["type"] === "tool_use") assert.match(String(block["id"]), /^[\w-]*$/);
      }
    }
  }
}
