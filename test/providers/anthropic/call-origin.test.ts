import assert from "node:assert/strict";
import type { ChatMessage } from "../../../src/core/chat/chunk.js";
import { buildAnthropicConversation } from "../../../src/providers/anthropic/messages.js";

const createCall = (id: string, name: string, args: string) => ({
  id,
  type: "function",
  function: { name, arguments: args },
});

describe("Calls of toolsets and of code for Anthropic", () => {
  it("sends back which toolset a call belongs to, on its result too, and which code has called", () => {
    const caller = { type: "code_execution_20260120", tool_id: "srvtoolu_1" };
    const { messages } = buildAnthropicConversation([
      { role: "user", content: "a" },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          {
            ...createCall("toolu_1", "left_click", "{}"),
            toolset_name: "computer",
            caller: { type: "direct" },
          },
          { ...createCall("toolu_2", "f", "{}"), caller },
          { ...createCall("toolu_3", "f", "{}"), caller: { type: "program", caller_id: "call_1" } },
        ],
      },
      ...["toolu_1", "toolu_2", "toolu_3"].map(
        (tool_call_id): ChatMessage => ({ role: "tool", tool_call_id, content: "ok" }),
      ),
    ]);
    assert.deepEqual(messages.slice(1), [
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "toolu_1", name: "left_click", input: {}, toolset_name: "computer" },
          { type: "tool_use", id: "toolu_2", name: "f", input: {}, caller },
          { type: "tool_use", id: "toolu_3", name: "f", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "toolu_1", toolset_name: "computer", content: "ok" },
          { type: "tool_result", tool_use_id: "toolu_2", content: "ok" },
          { type: "tool_result", tool_use_id: "toolu_3", content: "ok" },
        ],
      },
    ]);
  });
});
