import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import { ToolCallTracker } from "../../../src/dialects/openai/tool-call-tracker.js";
import { anyText } from "../../support/inputs/arbitraries.js";
import { anyCuts, cutText } from "../../support/inputs/cutting.js";
import { buildCallChunk } from "../../support/inputs/openai-chunks.js";
import { decode } from "../../support/inputs/replay.js";

const TOOLS = ["get", "get_weather", "set"];

interface Call {
  name: string;
  args: string;
}

const anyCall: fc.Arbitrary<Call> = fc.record({
  name: fc.constantFrom(...TOOLS),
  args: fc
    .dictionary(fc.constantFrom("a", "b", "{", "}"), fc.oneof(anyText, fc.integer(), fc.constant({ c: [] })))
    .map((value) => JSON.stringify(value)),
});

/** How a vendor cuts a call into pieces, given the call's number, its name and the fragments of its arguments. */
type Habit = (number: number, name: string, fragments: readonly string[]) => object[];

const HABITS: Readonly<Record<string, Habit>> = {
  "index, id once, name once": (index, name, fragments) =>
    fragments.map((args, at) =>
      at === 0
        ? { index, id: `id${index}`, type: "function", function: { name, arguments: args } }
        : { index, function: { arguments: args } },
    ),
  "index, id and name on every piece": (index, name, fragments) =>
    fragments.map((args) => ({ index, id: `id${index}`, function: { name, arguments: args } })),
  "index, id late": (index, name, fragments) => [
    { index, function: { name } },
    ...fragments.map((args) => ({ index, function: { arguments: args } })),
    { index, id: `id${index}`, function: {} },
  ],
  "indices from 3 with holes, as text, ids null later": (index, name, fragments) =>
    fragments.map((args, at) => ({
      index: String(index * 2 + 3),
      id: at === 0 ? `id${index}` : null,
      function: { name: at === 0 ? name : "", arguments: args },
    })),
  "no index, the id on every piece": (number, name, fragments) =>
    fragments.map((args, at) => ({
      id: `id${number}`,
      function: { name: at ? null : name, arguments: args },
    })),
};

/** Also the habits with which only one call can be open at a time, so that calls come one after the other. */
const SEQUENTIAL: Readonly<Record<string, Habit>> = {
  ...HABITS,
  "no index, the id once": (number, name, fragments) =>
    fragments.map((args, at) =>
      at === 0
        ? { id: `id${number}`, function: { name, arguments: args } }
        : { function: { arguments: args } },
    ),
  "index 0 for all, and different ids": (number, name, fragments) =>
    fragments.map((args, at) =>
      at === 0
        ? { index: 0, id: `id${number}`, function: { name, arguments: args } }
        : { index: 0, function: { arguments: args } },
    ),
  "index 0 for all, no ids": (_number, name, fragments) => {
    const [first = "", ...later] = joinFirstFragments(fragments);
    return [
      { index: 0, function: { name, arguments: first } },
      ...later.map((args) => ({ index: 0, function: { arguments: args } })),
    ];
  },
  "neither index nor ids": (_number, name, fragments) => {
    const [first = "", ...later] = joinFirstFragments(fragments);
    return [
      { function: { name, arguments: first } },
      ...later.map((args) => ({ function: { arguments: args } })),
    ];
  },
};

/** Joins the first fragments: without indices and ids, the name must come with the beginning of the arguments. */
function joinFirstFragments(fragments: readonly string[]): string[] {
  const first = fragments.findIndex((fragment) => fragment !== "");
  return [fragments.slice(0, first + 1).join(""), ...fragments.slice(first + 1)];
}

/** Decodes pieces. @returns name and arguments of each call */
function assembleCalls(pieces: readonly object[]): [string, string][] {
  const machine = new CompletionMachine();
  for (const sinkCall of decode(pieces.map(buildCallChunk), { toolNames: TOOLS })) {
    assert.ok("chunk" in sinkCall, JSON.stringify(sinkCall));
    machine.addChunk(sinkCall.chunk);
  }
  const calls = machine.buildCompletion("s").choices[0]?.message.tool_calls ?? [];
  assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length, "ids differ");
  return calls.map(({ function: called }) => [called!.name, called!.arguments]);
}

const buildExpectation = (calls: readonly Call[]) => calls.map(({ name, args }) => [name, args]);

describe("Tool-call tracker, with the habits of vendors", () => {
  it("takes a call that comes again as a whole under another index for the same one", () => {
    const tracker = new ToolCallTracker(TOOLS, 8);
    const call = { id: "a", type: "function", function: { name: "get", arguments: '{"a":1}' } };
    assert.equal(tracker.normalise([{ index: 0, ...call }]).length, 1);
    assert.deepEqual(tracker.normalise([{ index: 1, ...call }]), []);
    // Another id, or other arguments, are another call.
    assert.equal(tracker.normalise([{ index: 2, ...call, id: "b" }]).length, 1);
    const other = { name: "get", arguments: '{"a":2}' };
    assert.equal(tracker.normalise([{ index: 3, ...call, function: other }])[0]?.index, 2);
  });

  for (const [name, habit] of Object.entries(SEQUENTIAL)) {
    it(`assembles tool calls that come one after the other, with ${name}`, () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(anyCall, anyCuts), { maxLength: 4 }), (calls) => {
          const pieces = calls.flatMap(([{ name, args }, cuts], at) => habit(at, name, cutText(args, cuts)));
          assert.deepEqual(assembleCalls(pieces), buildExpectation(calls.map(([one]) => one)));
        }),
        { numRuns: 150 },
      );
    });
  }

  for (const [name, habit] of Object.entries(HABITS)) {
    it(`assembles tool calls that come in parallel, with ${name}`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(anyCall, anyCuts), { minLength: 1, maxLength: 4 }),
          fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }),
          (calls, order) => {
            const queues = calls.map(([{ name, args }, cuts], at) => habit(at, name, cutText(args, cuts)));
            assert.deepEqual(
              assembleCalls(interleave(queues, order)).sort(),
              buildExpectation(calls.map(([one]) => one)).sort(),
            );
          },
        ),
        { numRuns: 150 },
      );
    });
  }
});

/** Mixes queues; each keeps its own order. */
function interleave(queues: readonly object[][], order: readonly number[]): object[] {
  const left = queues.map((queue) => [...queue]);
  const mixed: object[] = [];
  for (let turn = 0; left.some((queue) => queue.length > 0); turn++) {
    const queue = left[order[turn % order.length]! % left.length]!;
    const next = queue.shift() ?? left.find(({ length }) => length > 0)?.shift();
    if (next) mixed.push(next);
  }
  return mixed;
}

describe("Tool-call tracker", () => {
  const track = (pieces: readonly unknown[], tools: readonly string[] = []) =>
    pieces.map((piece) => new ToolCallTracker(tools, 128).normalise([piece]));

  it("passes on id, type and name once", () => {
    const tracker = new ToolCallTracker([], 128);
    const piece = { index: 4, id: "a", type: "function", function: { name: "f", arguments: "1" } };
    assert.deepEqual(tracker.normalise([piece, piece]), [
      { index: 0, id: "a", type: "function", function: { name: "f", arguments: "1" } },
      { index: 0, function: { arguments: "1" } },
    ]);
  });

  it("drops a piece with nothing new, except the first of a call", () => {
    const tracker = new ToolCallTracker([], 128);
    assert.deepEqual(tracker.normalise([{ index: 0 }, { index: 0, function: { arguments: "" } }]), [
      { index: 0 },
    ]);
  });

  it("joins the fragments of a name if they form the name of a tool", () => {
    const tracker = new ToolCallTracker(["get_weather"], 128);
    const deltas = tracker.normalise(
      ["get", "_", "weather"].map((name) => ({ index: 0, function: { name } })),
    );
    // No tool is called "get_", so "_" is not taken for a fragment of the name.
    assert.deepEqual(deltas, [{ index: 0, function: { name: "get" } }]);
    const other = new ToolCallTracker(["get_weather"], 128);
    const whole = other.normalise(["get_", "weather"].map((name) => ({ index: 0, function: { name } })));
    assert.deepEqual(whole.at(-1), { index: 0, function: { name: "get_weather" } });
  });

  it("ignores values that are not pieces", () => {
    assert.deepEqual(track([null, 1, "x", []]), [[], [], [], []]);
  });

  it("turns arguments of another type into JSON, and ignores an invalid function", () => {
    const [deltas] = track([{ index: 0, id: 7, type: 1, function: { name: 3, arguments: [1] } }]);
    assert.deepEqual(deltas, [{ index: 0, function: { arguments: "[1]" } }]);
    assert.deepEqual(track([{ index: 0, id: "a", function: "f" }]), [[{ index: 0, id: "a" }]]);
  });

  it("fails with bad_response for an impossible index", () => {
    for (const index of [-1, 1.5, "__proto__", "1e3", Number.NaN, true, {}]) {
      assert.throws(
        () => new ToolCallTracker([], 128).normalise([{ index }]),
        (thrown) => thrown instanceof Failure && thrown.code === "bad_response",
        String(index),
      );
    }
  });

  it("continues a call whose index comes with another id and no name", () => {
    const tracker = new ToolCallTracker(TOOLS, 3);
    const pieces = [
      { index: 0, id: "a", function: { name: "get", arguments: '{"x"' } },
      { index: 0, id: "b", function: { arguments: ":1}" } },
    ];
    assert.deepEqual(
      tracker.normalise(pieces).map(({ index, id }) => [index, id]),
      [
        [0, "a"],
        [0, undefined],
      ],
    );
  });

  it("takes a placeholder that comes again, or is replaced, as the same call", () => {
    const call = (args: string, index = 0, id = "a") => ({
      index,
      id,
      function: { name: "get", arguments: args },
    });
    for (const pieces of [
      [call("{}"), call('{"x":1}')],
      [call("{}"), call("{}", 1)],
      [{ ...call("{}"), id: undefined }, call("{}")],
    ]) {
      const tracker = new ToolCallTracker(TOOLS, 3);
      const indices = [...tracker.normalise(pieces), ...tracker.flush()].map(({ index }) => index);
      assert.deepEqual([...new Set(indices)], [0], JSON.stringify(pieces));
    }
  });

  it("fails with limit if there are too many calls", () => {
    const tracker = new ToolCallTracker([], 3);
    tracker.normalise([{ id: "a" }, { id: "b" }, { id: "c" }]);
    const isLimit = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";
    assert.throws(() => tracker.normalise([{ id: "d" }]), isLimit);
    assert.throws(() => tracker.normalise([{ index: 3 }]), isLimit);
    assert.throws(() => new ToolCallTracker([], 3).normalise([{ index: 3 }]), isLimit, "the first call");
  });

  it("does not look for a second call after very long arguments", () => {
    const tracker = new ToolCallTracker([], 128);
    const createPiece = (text: string) => ({
      index: 0,
      function: { name: "f", arguments: `{"a":"${text.repeat(20_000)}"}` },
    });
    assert.deepEqual(
      tracker.normalise([createPiece("}"), createPiece("x")]).map(({ index }) => index),
      [0, 0],
    );
  });
});
