import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { getProvider } from "../../../src/providers/index.js";
import type { ProviderMemory } from "../../../src/providers/provider.js";
import { assertFailure } from "../../support/assert-failure.js";

type Item = Record<string, unknown>;

function buildInput(
  messages: readonly ChatMessage[],
  id = "openai",
  parameters: Record<string, unknown> = {},
  memory: ProviderMemory = {},
): Item[] {
  const provider = getProvider(id);
  const endpoint = { baseUrl: provider.baseUrl!, apiKey: "k", api: "responses" as const, settings: {} };
  const wire = provider.buildChatRequest({ model: "m", messages, parameters }, endpoint, memory);
  return (JSON.parse(wire.body!) as { input: Item[] }).input;
}

const USER: ChatMessage = { role: "user", content: "go on" };
const say = (text: string, more: Item = {}) => ({
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text }],
  ...more,
});
const ASKED = { type: "message", role: "user", content: "go on" };
const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: '{"a":1}' } });
const wireCall = (id: string) => ({ type: "function_call", call_id: id, name: "f", arguments: '{"a":1}' });
const encrypted = (data: string, index: number, summary?: string) => [
  ...(summary
    ? [{ type: "reasoning.summary", summary, format: "openai-responses-v1", index, id: `rs_${index}` }]
    : []),
  { type: "reasoning.encrypted", data, format: "openai-responses-v1", index, id: `rs_${index}` },
];
const wireReasoning = (data: string, ...summaries: string[]) => ({
  type: "reasoning",
  summary: summaries.map((text) => ({ type: "summary_text", text })),
  encrypted_content: data,
});

describe("Conversation for Responses", () => {
  it("has a message item for each role, images and files flat", () => {
    const url = "data:image/png;base64,AA==";
    assert.deepEqual(
      buildInput([
        { role: "system", content: "s" },
        { role: "developer", content: [{ type: "text", text: "d" }] },
        {
          role: "user",
          content: [
            { type: "text", text: "t" },
            { type: "image_url", image_url: { url, detail: "low" } },
            { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" } },
            { type: "file", file: { file_id: "file-1" } },
            { type: "input_image", file_id: "file-2" },
          ],
        },
      ]),
      [
        { type: "message", role: "system", content: "s" },
        { type: "message", role: "developer", content: [{ type: "input_text", text: "d" }] },
        {
          type: "message",
          role: "user",
          content: [
            { type: "input_text", text: "t" },
            { type: "input_image", image_url: url, detail: "low" },
            { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AA==" },
            { type: "input_file", file_id: "file-1" },
            { type: "input_image", file_id: "file-2" },
          ],
        },
      ],
    );
  });

  it("has calls after the text of their answer, and results by the kind of the nearest call", () => {
    const custom = { id: "c2", type: "custom", custom: { name: "sql", input: "SELECT 1" } };
    assert.deepEqual(
      buildInput([
        USER,
        { role: "assistant", content: "Let me see.", tool_calls: [call("c1"), custom] },
        { role: "tool", tool_call_id: "c1", content: "1" },
        { role: "tool", tool_call_id: "c2", content: [{ type: "text", text: "2" }] },
        { role: "assistant", content: null, tool_calls: [call("c2")] },
        { role: "tool", tool_call_id: "c2", content: null },
      ]),
      [
        ASKED,
        say("Let me see."),
        wireCall("c1"),
        { type: "custom_tool_call", call_id: "c2", name: "sql", input: "SELECT 1" },
        { type: "function_call_output", call_id: "c1", output: "1" },
        { type: "custom_tool_call_output", call_id: "c2", output: [{ type: "input_text", text: "2" }] },
        wireCall("c2"),
        { type: "function_call_output", call_id: "c2", output: "" },
      ],
    );
  });

  it("has the namespace of a call, and images and files that a tool answers with", () => {
    const url = "data:image/png;base64,AA==";
    const content = [
      { type: "text", text: "See." },
      { type: "image_url", image_url: { url } },
      { type: "file", file: { file_id: "file-1" } },
    ];
    assert.deepEqual(
      buildInput([
        USER,
        { role: "assistant", content: null, tool_calls: [{ ...call("c1"), namespace: "crm" }] },
        { role: "tool", tool_call_id: "c1", content },
      ]).slice(1),
      [
        { ...wireCall("c1"), namespace: "crm" },
        {
          type: "function_call_output",
          call_id: "c1",
          output: [
            { type: "input_text", text: "See." },
            { type: "input_image", image_url: url },
            { type: "input_file", file_id: "file-1" },
          ],
        },
      ],
    );
  });

  it("gives encrypted reasoning back before what followed it, without ids", () => {
    const answer = { role: "assistant", content: "Yes.", reasoning_details: encrypted("e1", 0, "because") };
    assert.deepEqual(buildInput([USER, answer, USER]), [
      ASKED,
      wireReasoning("e1", "because"),
      say("Yes."),
      ASKED,
    ]);
  });

  it("restores the order and the phases in which the items were generated", () => {
    const answer = {
      role: "assistant",
      content: "Looking.Found.",
      reasoning_details: [...encrypted("e1", 0), ...encrypted("e2", 1)],
      tool_calls: [call("c1")],
      responses_order: [
        "reasoning",
        { text: 8, phase: "commentary" },
        "call",
        "reasoning",
        { text: 6, phase: "final_answer" },
      ],
    };
    const result = { role: "tool", tool_call_id: "c1", content: "x" };
    const expected = [
      ASKED,
      wireReasoning("e1"),
      say("Looking.", { phase: "commentary" }),
      wireCall("c1"),
      wireReasoning("e2"),
      say("Found.", { phase: "final_answer" }),
      { type: "function_call_output", call_id: "c1", output: "x" },
    ];
    assert.deepEqual(buildInput([USER, answer, result]), expected);
    const lesson = { refusedFields: { m: ["phase" as const] } };
    assert.doesNotMatch(JSON.stringify(buildInput([USER, answer, result], "openai", {}, lesson)), /phase/);
  });

  it("falls back to the usual order if the text was changed on its way", () => {
    const answer = {
      role: "assistant",
      content: "Other.",
      tool_calls: [call("c1")],
      responses_order: ["call", { text: 99 }],
    };
    assert.deepEqual(
      buildInput([USER, answer, { role: "tool", tool_call_id: "c1", content: "x" }]).slice(1, 3),
      [say("Other."), wireCall("c1")],
    );
  });

  it("leaves out the service's own tools and the reasoning before them, unless the service stores its items", () => {
    const search = { type: "web_search_call", id: "ws_1", status: "completed", action: null };
    const answer = {
      role: "assistant",
      content: "Found.",
      reasoning_details: [...encrypted("e1", 0), ...encrypted("e2", 1)],
      responses_items: { 0: search },
      responses_order: ["reasoning", { item: 0 }, "reasoning", { text: 6 }],
    };
    assert.deepEqual(buildInput([USER, answer, USER]), [ASKED, wireReasoning("e2"), say("Found."), ASKED]);
    assert.deepEqual(buildInput([USER, answer, USER], "openai", { store: true }), [
      ASKED,
      { ...wireReasoning("e1"), id: "rs_0" },
      { type: "web_search_call", id: "ws_1", status: "completed" },
      { ...wireReasoning("e2"), id: "rs_1" },
      say("Found."),
      ASKED,
    ]);
  });

  it("gives back a program of the model's, the calls that it made, and tools that the service looked up", () => {
    const caller = { type: "program", caller_id: "p1" };
    const program = { id: "pr_1", type: "program", call_id: "p1", code: "f()", fingerprint: "x" };
    const found = { id: "ts_1", type: "tool_search_output", execution: "server", tools: [] };
    const asked = { id: "tc_1", type: "tool_search_call", execution: "client", arguments: {} };
    const answer = {
      role: "assistant",
      content: null,
      reasoning_details: encrypted("e1", 0),
      responses_items: { 0: found, 1: program, 2: asked },
      tool_calls: [
        { ...call("c1"), caller },
        { ...call("c2"), caller: { type: "direct" } },
      ],
    };
    const results = ["c1", "c2"].map((id): ChatMessage => ({ role: "tool", tool_call_id: id, content: "1" }));
    assert.deepEqual(buildInput([USER, answer, ...results]).slice(1), [
      wireReasoning("e1"),
      found,
      program,
      { ...wireCall("c1"), caller },
      wireCall("c2"),
      { type: "function_call_output", call_id: "c1", caller, output: "1" },
      { type: "function_call_output", call_id: "c2", output: "1" },
    ]);
  });

  it("keeps the marks of what the service is to cache", () => {
    const mark = { prompt_cache_breakpoint: { mode: "explicit" } };
    const url = "https://example.org/a.png";
    const content = [
      { type: "text", text: "a", ...mark },
      { type: "image_url", image_url: { url }, ...mark },
      { type: "text", text: "b" },
    ];
    assert.deepEqual(buildInput([{ role: "user", content }])[0]!["content"], [
      { type: "input_text", text: "a", ...mark },
      { type: "input_image", image_url: url, ...mark },
      { type: "input_text", text: "b" },
    ]);
  });

  it("leaves out reasoning that nothing follows, and all of it if the service cannot read it", () => {
    const cut = { role: "assistant", content: "", reasoning_details: encrypted("e1", 0) };
    assert.deepEqual(buildInput([USER, cut, USER]), [ASKED, ASKED]);
    const whole = { ...cut, content: "Yes." };
    assert.deepEqual(buildInput([USER, whole, USER], "openai", {}, { refusesEncrypted: true }), [
      ASKED,
      say("Yes."),
      ASKED,
    ]);
  });

  it("drops what a compaction stands for, except the instructions", () => {
    const compaction = { type: "compaction", id: "cmp_1", encrypted_content: "e" };
    const answer = {
      role: "assistant",
      content: "Yes.",
      responses_items: { 0: compaction },
      responses_order: [{ item: 0 }, { text: 4 }],
    };
    const messages = [{ role: "system", content: "s" }, USER, answer, USER];
    assert.deepEqual(buildInput(messages), [
      { type: "message", role: "system", content: "s" },
      compaction,
      say("Yes."),
      ASKED,
    ]);
  });

  it("gives reasoning in the model's own words back to services that take it, and to no other", () => {
    const detail = { type: "reasoning.text", text: "hm", format: "openai-responses-v1", index: 0 };
    const messages = [USER, { role: "assistant", content: "Yes.", reasoning_details: [detail] }, USER];
    assert.deepEqual(buildInput(messages, "lmstudio")[1], {
      type: "reasoning",
      summary: [],
      content: [{ type: "reasoning_text", text: "hm" }],
    });
    assert.deepEqual(buildInput(messages)[1], say("Yes."));
  });

  it("ignores reasoning of other services, and marks it as complete for xAI", () => {
    const claude = {
      type: "reasoning.text",
      text: "hm",
      signature: "s",
      format: "anthropic-claude-v1",
      index: 0,
    };
    const answer = { role: "assistant", content: "Yes.", reasoning_details: [claude, ...encrypted("e1", 1)] };
    assert.deepEqual(buildInput([USER, answer, USER], "xai")[1], {
      ...wireReasoning("e1"),
      status: "completed",
    });
  });

  it("puts the calls last for DeepSeek", () => {
    const answer = {
      role: "assistant",
      content: "A.",
      tool_calls: [call("c1")],
      responses_order: ["call", { text: 2 }],
    };
    const input = buildInput([USER, answer, { role: "tool", tool_call_id: "c1", content: "x" }], "deepseek");
    assert.deepEqual(input.slice(1, 3), [say("A."), wireCall("c1")]);
  });

  it("says a refusal again as a refusal", () => {
    const answer = { role: "assistant", content: null, refusal: "No." };
    assert.deepEqual(buildInput([USER, answer, USER])[1], {
      type: "message",
      role: "assistant",
      content: [{ type: "refusal", refusal: "No." }],
    });
  });

  for (const [what, message] of [
    [
      "sound",
      { role: "user", content: [{ type: "input_audio", input_audio: { data: "AA==", format: "wav" } }] },
    ],
    [
      "a video",
      { role: "user", content: [{ type: "video_url", video_url: { url: "https://a.example/v.mp4" } }] },
    ],
    ["an unknown role", { role: "function", name: "f", content: "x" }],
    ["an answer to continue", { role: "assistant", content: "Once upon" }],
    ["a tool result without an id", { role: "tool", content: "x" }],
  ] as const) {
    it(`fails for ${what} with invalid_request, before anything is sent`, () => {
      assertFailure(
        () => buildInput([USER, message as ChatMessage]),
        "invalid_request",
        /Message 1|to continue/,
      );
    });
  }
});
