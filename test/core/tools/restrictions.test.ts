import assert from "node:assert/strict";
import {
  type Restrictions,
  readRestrictions,
  refuseCalls,
  UNRESTRICTED,
} from "../../../src/core/tools/restrictions.js";
import type { RoundCall } from "../../../src/core/tools/round.js";

/** Creates calls of these tools, with the ids 0, 1, 2 … */
function createCalls(...names: string[]): RoundCall[] {
  return names.map((name, at) => ({
    id: `${at}`,
    call: { id: `${at}`, type: "function", function: { name, arguments: "{}" } },
    outcome: undefined,
    text: "",
    durationMs: 0,
  }));
}

/** Returns the ids of the refused calls. */
function refuse(names: readonly string[], ...restrictions: Restrictions[]): string[] {
  return [...refuseCalls(createCalls(...names), restrictions).keys()];
}

const ONE_TOOL = { type: "function", function: { name: "a" } };

describe("Restrictions of tool calls", () => {
  for (const [title, choice, expected] of [
    ["no choice", undefined, undefined],
    ["auto", "auto", undefined],
    ["required", "required", undefined],
    ["none", "none", []],
    ["none as Anthropic writes it", { type: "none" }, []],
    ["auto as Anthropic writes it", { type: "auto", name: "a" }, undefined],
    ["a tool as Chat Completions writes it", ONE_TOOL, ["a"]],
    ["a tool as Responses writes it", { type: "function", name: "a" }, ["a"]],
    ["a tool as Anthropic writes it", { type: "tool", name: "a" }, ["a"]],
    [
      "allowed tools as Chat Completions writes them",
      { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [ONE_TOOL, { name: "b" }] } },
      ["a", "b"],
    ],
    [
      "allowed tools as Responses writes them",
      { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "a" }] },
      ["a"],
    ],
    ["allowed tools without a list", { type: "allowed_tools" }, undefined],
    ["a tool without a name", { type: "function", function: {} }, undefined],
    ["names that are no text", { type: "allowed_tools", tools: [{ name: 1 }, null, "a"] }, undefined],
    ["a list", ["none"], undefined],
  ] as const) {
    it(`reads the names from tool_choice: ${title}`, () => {
      const { names, isSingle } = readRestrictions({ tool_choice: choice });
      assert.deepEqual(names && [...names], expected);
      assert.equal(isSingle, false);
    });
  }

  it("reads whether only one call a turn is allowed, from parallel_tool_calls or from Anthropic's choice", () => {
    for (const [parameters, expected] of [
      [{ parallel_tool_calls: false }, true],
      [{ parallel_tool_calls: true }, false],
      [{ parallel_tool_calls: null }, false],
      [{ tool_choice: { type: "auto", disable_parallel_tool_use: true } }, true],
      [{ tool_choice: { type: "auto", disable_parallel_tool_use: false } }, false],
      [{}, false],
    ] as const) {
      assert.equal(readRestrictions(parameters).isSingle, expected, JSON.stringify(parameters));
    }
  });

  it("refuses no call if nothing restricts them", () => {
    assert.deepEqual(refuse(["a", "b", "a"], UNRESTRICTED), []);
    assert.deepEqual(refuse(["a", "b"]), []);
  });

  it("refuses a call of a tool that one of the restrictions leaves out", () => {
    const onlyA = { ...UNRESTRICTED, names: new Set(["a"]) };
    const aOrB = { ...UNRESTRICTED, names: new Set(["a", "b"]) };
    assert.deepEqual(refuse(["a", "b", "c"], aOrB), ["2"]);
    assert.deepEqual(refuse(["a", "b", "c"], aOrB, onlyA), ["1", "2"]);
  });

  it("allows the first allowed call only if a restriction says one at a time", () => {
    const single = { names: new Set(["b", "c"]), isSingle: true };
    const refused = refuseCalls(createCalls("a", "b", "c"), [UNRESTRICTED, single]);
    assert.deepEqual(
      [...refused],
      [
        ["0", "This tool may not be called now."],
        ["2", "Only one tool may be called at a time. Call this one again in the next turn."],
      ],
    );
  });
});
