import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { Failure } from "../../../src/core/failure.js";
import {
  type AnthropicConversation,
  buildAnthropicConversation,
} from "../../../src/providers/anthropic/messages.js";
import { anyJson, anyText } from "../../support/inputs/arbitraries.js";

const CACHE = { cache_control: { type: "ephemeral" } };

function user(content: unknown): ChatMessage {
  return { role: "user", content };
}

function refuses(messages: readonly ChatMessage[], says: RegExp): void {
  assert.throws(
    () => buildAnthropicConversation(messages),
    (thrown) => {
      assert.ok(thrown instanceof Failure);
      assert.equal(thrown.code, "invalid_request");
      assert.match(thrown.message, says);
      return true;
    },
  );
}

function call(id: string, name: string, args: string): object {
  return { id, type: "function", function: { name, arguments: args } };
}

describe("A conversation, as Anthropic gets it,", () => {
  it("has what the system says apart, wherever it was said", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        { role: "system", content: "Be brief." },
        user("Hi"),
        { role: "developer", content: [{ type: "text", text: "Be kind." }] },
      ]),
      { system: "Be brief.\n\nBe kind.", messages: [{ role: "user", content: "Hi" }] },
    );
    const cached = [{ type: "text", text: "Be brief.", ...CACHE }];
    assert.deepEqual(
      buildAnthropicConversation([{ role: "system", content: cached }, user("Hi")]).system,
      cached,
    );
  });

  it("takes turns: what one side says in a row is one message", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        user("a"),
        user("b"),
        { role: "assistant", content: "c" },
        { role: "assistant", content: "d" },
        user("e"),
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

  it("has no empty texts, and no message without any", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        user("a"),
        { role: "assistant", content: null },
        user([{ type: "text", text: " " }]),
        user("b"),
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
    refuses([user(""), { role: "system", content: "Be brief." }], /nothing to ask/);
  });

  it("ends, where an answer is to go on, without white space", () => {
    const last = (content: unknown) =>
      buildAnthropicConversation([user("a"), { role: "assistant", content }]).messages.at(-1);
    assert.deepEqual(last("Once upon \n"), { role: "assistant", content: "Once upon" });
    assert.equal(last(" ")?.role, "user");
  });

  it("has the tools' calls and their results, in order, before what the user says next", () => {
    assert.deepEqual(
      buildAnthropicConversation([
        user("Weather?"),
        {
          role: "assistant",
          content: "I look.",
          tool_calls: [call("toolu_1", "get_weather", '{"city":"Köln"}'), call("f.x:1", "now", "")],
        },
        user("Quick!"),
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

  it("keeps a call whose arguments the model wrote wrongly: it has been answered", () => {
    const { messages } = buildAnthropicConversation([
      user("a"),
      { role: "assistant", content: null, tool_calls: [call("1", "f", '{"a":')] },
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

  it("has Anthropic's own thinking first and as it was signed, and no other's", () => {
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
      tool_calls: [call("1", "f", "{}")],
    };
    assert.deepEqual(buildAnthropicConversation([user("a"), answer]).messages[1]!.content, [
      { type: "thinking", thinking: "Hm.", signature: "c2ln" },
      { type: "redacted_thinking", data: "EmwK" },
      { type: "thinking", thinking: "", signature: "b25seQ==" },
      { type: "text", text: "c" },
      { type: "tool_use", id: "1", name: "f", input: {} },
    ]);
  });

  it("has what the service's own tools did, so that a turn that paused goes on", () => {
    const used = { type: "server_tool_use", id: "s", name: "web_search", input: { query: "a" } };
    const found = { type: "web_search_tool_result", tool_use_id: "s", content: [] };
    const paused = { role: "assistant", content: "I look.", anthropic_blocks: { "10": found, "2": used } };
    assert.deepEqual(buildAnthropicConversation([user("a"), paused]).messages[1]!.content, [
      { type: "text", text: "I look." },
      used,
      found,
    ]);
    const asked = { ...used, id: "t" };
    const cut = { ...paused, anthropic_blocks: { 0: used, 1: found, 2: asked } };
    const result = { role: "tool", tool_call_id: "1", content: "" };
    for (const [next, kept] of [
      [undefined, [used, found, asked]],
      [result, [used, found, asked]],
      [user("Never mind."), [used, found]],
    ] as const) {
      const { messages } = buildAnthropicConversation([user("a"), cut, ...(next ? [next] : [])]);
      assert.deepEqual(messages[1]!.content, [{ type: "text", text: "I look." }, ...kept]);
    }
  });

  it("has the blocks as they came, unless somebody has changed the answer since", () => {
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
      tool_calls: [call("1", "f", "{}")],
      ...CACHE,
    };
    const sent = (change: object) => {
      const { content } = buildAnthropicConversation([user("a"), { ...answer, ...change }]).messages[1]!;
      return (content as { type: string }[]).map(({ type }) => type);
    };
    const { content } = buildAnthropicConversation([user("a"), answer]).messages[1]!;
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
      assert.deepEqual(sent(change), usual, JSON.stringify(change));
    }
  });

  it("has a refusal, or what was said in a spoken answer, as text", () => {
    const answer = (fields: object) =>
      buildAnthropicConversation([user("a"), { role: "assistant", content: null, ...fields }]).messages[1]
        ?.content;
    assert.equal(answer({ refusal: "No." }), "No.");
    assert.equal(answer({ audio: { id: "a", transcript: "Yes." } }), "Yes.");
    refuses(
      [user("a"), { role: "assistant", content: null, audio: { id: "a" } }],
      /only audio \(Message 1\)/,
    );
  });

  it("is refused where it has something that cannot be sent, by its place", () => {
    refuses([user("a"), { role: "function", name: "f", content: "x" }], /the role "function" \(Message 1\)/);
    refuses([user("a"), { role: "tool", content: "x" }], /Message 1 .*tool_call_id/);
    refuses(
      [user([{ type: "input_audio", input_audio: { data: "UklG", format: "wav" } }])],
      /take audio \(Message 0\)/,
    );
    refuses([user([{ type: "video_url", video_url: { url: "https://a/v.mp4" } }])], /take video/);
    refuses(
      [user([{ type: "image_url", image_url: { url: "data:image/tiff;base64,AA==" } }])],
      /image\/tiff/,
    );
    refuses(
      [user([{ type: "image_url", image_url: { url: "file:///etc/passwd" } }])],
      /neither http, https nor data/,
    );
    refuses([user([{ type: "file", file: { filename: "a.zip", file_data: "AA==" } }])], /octet-stream/);
    refuses([user([{ text: 1 }])], /text part without a text/);
    refuses([user(5)], /neither a text nor a list/);
    refuses([user([{ a: 1 }])], /without a type/);
    refuses(
      [
        { role: "system", content: [{ type: "image_url", image_url: { url: "https://a/b.png" } }] },
        user("a"),
      ],
      /image in a system message/,
    );
    refuses(
      [user("a"), { role: "assistant", tool_calls: [{ type: "custom", custom: {} }] }],
      /not a function's/,
    );
  });

  it("whatever it was, keeps the service's rules or is refused", () => {
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
    // A type that is none, and cannot be made a text of.
    const unlucky = [
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
        keepsRules(conversation);
      }),
      { numRuns: 400, examples: [[unlucky]] },
    );
    assert.ok(sent > 50, `${sent} of them were sent`);
  });
});

function keepsRules({ messages }: AnthropicConversation): void {
  assert.ok(messages.length > 0);
  for (const [at, { role, content }] of messages.entries()) {
    assert.notEqual(role, messages[at - 1]?.role, "the sides take turns");
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
