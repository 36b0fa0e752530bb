import assert from "node:assert/strict";
import fc from "fast-check";
import type { AssistantMessage, ToolCall } from "../../../src/core/chat/chunk.js";
import { mergeTools, readTools } from "../../../src/core/tools/definitions.js";
import { readToolName } from "../../../src/core/tools/name.js";
import { buildNextRequest, readChatRequest } from "../../../src/core/tools/next-request.js";
import { toToolResult } from "../../../src/core/tools/result.js";
import { ToolRound } from "../../../src/core/tools/round.js";

const call = (id: string): ToolCall => ({ id, type: "function", function: { name: "f", arguments: "{}" } });

describe("A round of tool calls", () => {
  it("gives the same results whatever the order of the answers, and takes each call's first", () => {
    const anyRound = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(anyRound, fc.array(fc.nat(7), { maxLength: 30 }), (ids, order) => {
        const round = new ToolRound(ids.map(call), new Set(), 0);
        const keys = round.calls.map(({ id }) => id);
        assert.equal(new Set(keys).size, ids.length);
        const answered = new Set<string>();
        for (const nth of [...order.map((at) => at % ids.length), ...ids.keys()]) {
          const key = keys[nth]!;
          assert.equal(round.isComplete, answered.size === ids.length);
          const taken = round.answer(key, { text: `${key} ${answered.has(key)}`, failed: false }, 5);
          assert.equal(taken, !answered.has(key));
          answered.add(key);
        }
        assert.ok(round.isComplete);
        assert.deepEqual(
          round.buildMessages(),
          ids.map((id, nth) => ({ role: "tool", tool_call_id: id, content: `${keys[nth]} false` })),
        );
      }),
    );
  });

  it("gives ids that no earlier turn has had", () => {
    const taken = new Set<string>();
    for (const expected of [["a", "a~2"], ["a~3", "b"], ["b~2"]]) {
      const round = new ToolRound(
        expected.map((id) => call(id.slice(0, 1))),
        taken,
        0,
      );
      assert.deepEqual(
        round.calls.map(({ id }) => id),
        expected,
      );
    }
  });

  it("reports how each call fared, and that the rest was cancelled", () => {
    const round = new ToolRound([call("a"), call("b"), call("c")], new Set(), 100);
    round.answer("b", { text: "x", failed: true }, 150.4);
    assert.deepEqual(
      round.buildReports().map(({ outcome, durationMs }) => [outcome, durationMs]),
      [
        ["cancelled", 0],
        ["failed", 50],
        ["cancelled", 0],
      ],
    );
    round.answerRest({ text: "late", failed: true }, 200, "timed_out");
    assert.deepEqual(
      round.buildReports().map(({ outcome }) => outcome),
      ["timed_out", "failed", "timed_out"],
    );
    assert.equal(round.answer("nobody", { text: "", failed: false }, 0), false);
  });
});

describe("A tool's result", () => {
  it("is a text of the allowed length for anything at all, and never an accident", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true }),
        fc.integer({ min: 1, max: 50 }),
        (value, most) => {
          const { text } = toToolResult(value, most);
          assert.ok(text.length < Math.max(most + 100, 300), text);
        },
      ),
    );
  });

  it("is the text itself where it is one", () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        assert.deepEqual(toToolResult(text, 10_000), { text, failed: false }),
      ),
    );
  });
});

describe("The next request", () => {
  const answer: AssistantMessage = { role: "assistant", content: null, tool_calls: [call("a")] };
  const results = [{ role: "tool", tool_call_id: "a", content: "x" }];

  it("is the one before with the answer and the results, and changes nothing of it", () => {
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

  it("forces no tool once more", () => {
    for (const choice of ["required", "any", { type: "function", function: { name: "f" } }]) {
      const request = { model: "", messages: [], parameters: { tool_choice: choice } };
      assert.deepEqual(buildNextRequest(request, answer, results).parameters, { tool_choice: "auto" });
    }
  });

  it("keeps what a choice forbids, and takes its force alone", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    const allowed = (mode: string) => ({ type: "allowed_tools", allowed_tools: { mode, tools } });
    for (const [choice, next] of [
      [allowed("required"), allowed("auto")],
      [allowed("auto"), allowed("auto")],
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

  it("repeats no name that a service may refuse, unless it was offered", () => {
    const tools = [{ type: "function", function: { name: "my.tool" } }];
    const names = ["multi_tool_use.parallel", "get weather", "", "my.tool", "ok_1-a", "x".repeat(1_000_000)];
    const calls = names.map((name) => ({ ...call("a"), function: { name, arguments: "{}" } }));
    const { messages } = buildNextRequest(
      { model: "", messages: [], tools },
      { ...answer, tool_calls: calls },
      [],
    );
    assert.deepEqual(
      (messages[0] as unknown as { tool_calls: ToolCall[] }).tool_calls.map((said) => said.function.name),
      ["multi_tool_use_parallel", "get_weather", "unknown", "my.tool", "ok_1-a", "x".repeat(64)],
    );
    assert.equal(calls[0]!.function.name, names[0]);
  });

  it("has no pictures, no annotations and no sound in the answer, which services refuse to read", () => {
    const rich = { ...answer, annotations: [1], images: [2], audio: { id: "a", data: "AAAA" } };
    const { messages } = buildNextRequest({ model: "", messages: [] }, rich, []);
    assert.deepEqual(messages, [{ ...answer, audio: { id: "a" } }]);
    const silent = buildNextRequest({ model: "", messages: [] }, { ...answer, audio: { data: "AAAA" } }, []);
    assert.deepEqual(silent.messages, [answer]);
  });

  it("is not made from what is no request", () => {
    for (const value of [undefined, "x", {}, { messages: "x" }])
      assert.equal(readChatRequest(value), undefined);
    assert.deepEqual(readChatRequest({ messages: [], tools: "x", model: 5, parameters: [] }), {
      model: "",
      messages: [],
      parameters: {},
    });
  });
});

describe("A list of tools", () => {
  it("is read with schemas as objects or as text, strict where wanted, and outputs in its order", () => {
    const schema = { type: "object", properties: { a: { type: "number" } } };
    const tools = readTools([
      { name: " one ", description: "First", parameters: JSON.stringify(schema), strict: true },
      { name: "two", link: "n" },
      { name: "three", parameters: schema, link: "" },
    ]);
    assert.deepEqual(
      [...tools.values()].map(({ output, link }) => [output, link]),
      [
        [0, undefined],
        [undefined, "n"],
        [1, undefined],
      ],
    );
    assert.deepEqual(tools.get("one")!.definition, {
      type: "function",
      function: { name: "one", description: "First", parameters: schema, strict: true },
    });
    assert.deepEqual(tools.get("two")!.definition, {
      type: "function",
      function: { name: "two", parameters: { type: "object", properties: {} } },
    });
    assert.equal(readTools(undefined).size, 0);
    const [strict] = readTools([{ name: "none", strict: true }]).values();
    assert.deepEqual(strict!.definition["function"], {
      name: "none",
      parameters: { type: "object", properties: {}, additionalProperties: false },
      strict: true,
    });
  });

  it("is put after the message's own, which keep what is no function", () => {
    const tools = readTools([{ name: "one" }]);
    const own = tools.get("one")!.definition;
    const search = { type: "web_search" };
    assert.deepEqual(mergeTools([search, own], tools), { tools: [search, own], replaced: [] });
    assert.deepEqual(mergeTools([{ function: { name: "one" } }], tools).replaced, ["one"]);
    assert.equal(readToolName(search), undefined);
  });
});
