import assert from "node:assert/strict";
import type { AssistantMessage, ToolCall } from "../../../src/core/chat/chunk.js";
import { buildNextRequest, readChatRequest } from "../../../src/core/tools/next-request.js";

const call = (id: string): ToolCall => ({ id, type: "function", function: { name: "f", arguments: "{}" } });

describe("Next request of a run", () => {
  const answer: AssistantMessage = { role: "assistant", content: null, tool_calls: [call("a")] };
  const results = [{ role: "tool", tool_call_id: "a", content: "x" }];

  it("appends the answer and the tool results to the request, and does not change the request", () => {
    const request = readChatRequest({
      model: "m",
      messages: [{ role: "user", content: "Hi" }],
      tools: [{ type: "function" }],
      parameters: { temperature: 0, tool_choice: "none" },
    })!;
    const before = structuredClone(request);
    assert.deepEqual(buildNextRequest(request, answer, results), {
      ...before,
      messages: [{ role: "user", content: "Hi" }, answer, ...results],
    });
    assert.deepEqual(request, before);
  });

  it("allows a tool call in the next turn if the first request forced one", () => {
    for (const choice of ["required", "any", { type: "function", function: { name: "f" } }]) {
      const request = { model: "", messages: [], parameters: { tool_choice: choice } };
      assert.deepEqual(buildNextRequest(request, answer, results).parameters, { tool_choice: "auto" });
    }
  });

  it("keeps the restrictions of a tool choice when it stops forcing a call", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    const allowed = (mode: string) => ({ type: "allowed_tools", allowed_tools: { mode, tools } });
    for (const [choice, next] of [
      [allowed("required"), allowed("auto")],
      [allowed("auto"), allowed("auto")],
      [
        { type: "allowed_tools", mode: "required", tools },
        { type: "allowed_tools", mode: "auto", tools },
      ],
      [{ type: "none" }, { type: "none" }],
      [{ type: "tool", name: "f" }, { type: "auto" }],
      [
        { type: "any", disable_parallel_tool_use: true },
        { type: "auto", disable_parallel_tool_use: true },
      ],
      [null, null],
    ]) {
      const request = { model: "", messages: [], parameters: { tool_choice: choice } };
      assert.deepEqual(buildNextRequest(request, answer, results).parameters, { tool_choice: next });
    }
  });

  it("replaces names of tool calls that services refuse, except names of offered tools", () => {
    const tools = [{ type: "function", function: { name: "my.tool" } }];
    const names = ["multi_tool_use.parallel", "get weather", "", "my.tool", "ok_1-a", "x".repeat(1_000_000)];
    const calls = names.map((name) => ({ ...call("a"), function: { name, arguments: "{}" } }));
    const { messages } = buildNextRequest(
      { model: "", messages: [], tools },
      { ...answer, tool_calls: calls },
      [],
    );
    assert.deepEqual(
      (messages[0] as unknown as { tool_calls: ToolCall[] }).tool_calls.map((call) => call.function!.name),
      ["multi_tool_use_parallel", "get_weather", "unknown", "my.tool", "ok_1-a", "x".repeat(64)],
    );
    assert.equal(calls[0]!.function.name, names[0]);
  });

  it("leaves images, annotations and audio data out of the answer, because services refuse them", () => {
    const rich = { ...answer, annotations: [1], images: [2], audio: { id: "a", data: "AAAA" } };
    const { messages } = buildNextRequest({ model: "", messages: [] }, rich, []);
    assert.deepEqual(messages, [{ ...answer, audio: { id: "a" } }]);
    const silent = buildNextRequest({ model: "", messages: [] }, { ...answer, audio: { data: "AAAA" } }, []);
    assert.deepEqual(silent.messages, [answer]);
  });

  it("returns no request for a value that is not one", () => {
    for (const value of [undefined, "x", {}, { messages: "x" }])
      assert.equal(readChatRequest(value), undefined);
    assert.deepEqual(readChatRequest({ messages: [], tools: "x", model: 5, parameters: [] }), {
      model: "",
      messages: [],
      parameters: {},
    });
  });
});
