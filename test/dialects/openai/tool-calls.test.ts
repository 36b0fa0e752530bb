import assert from "node:assert/strict";
import fc from "fast-check";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { Failure } from "../../../src/core/failure.js";
import { ToolCallTracker } from "../../../src/dialects/openai/tool-call-tracker.js";
import { anyCuts, anyText, cutText } from "../../support/inputs/arbitraries.js";
import { call } from "../../support/inputs/fixtures.js";
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

/** A vendor's habit: the pieces of a call, from its number, its name and its arguments in fragments. */
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

/** Habits that leave one call open at a time, so that calls cannot be interleaved. */
const SEQUENTIAL: Readonly<Record<string, Habit>> = {
  ...HABITS,
  "no index, the id once": (number, name, fragments) =>
    fragments.map((args, at) =>
      at === 0
        ? { id: `id${number}`, function: { name, arguments: args } }
        : { function: { arguments: args } },
    ),
  "index 0 for all, told apart by id": (number, name, fragments) =>
    fragments.map((args, at) =>
      at === 0
        ? { index: 0, id: `id${number}`, function: { name, arguments: args } }
        : { index: 0, function: { arguments: args } },
    ),
  "index 0 for all, no ids": (_number, name, fragments) => {
    const [first = "", ...later] = glued(fragments);
    return [
      { index: 0, function: { name, arguments: first } },
      ...later.map((args) => ({ index: 0, function: { arguments: args } })),
    ];
  },
  "neither index nor ids": (_number, name, fragments) => {
    const [first = "", ...later] = glued(fragments);
    return [
      { function: { name, arguments: first } },
      ...later.map((args) => ({ function: { arguments: args } })),
    ];
  },
};

/** Where nothing but the beginning of an object tells a new call, it must come with the name. */
function glued(fragments: readonly string[]): string[] {
  const begun = fragments.findIndex((fragment) => fragment !== "");
  return [fragments.slice(0, begun + 1).join(""), ...fragments.slice(begun + 1)];
}

function assembled(pieces: readonly object[]): [string, string][] {
  const machine = new CompletionMachine();
  for (const said of decode(pieces.map(call), { toolNames: TOOLS })) {
    assert.ok("chunk" in said, JSON.stringify(said));
    machine.addChunk(said.chunk);
  }
  const calls = machine.buildCompletion("s").choices[0]?.message.tool_calls ?? [];
  assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length, "ids differ");
  return calls.map(({ function: said }) => [said.name, said.arguments]);
}

const wanted = (calls: readonly Call[]) => calls.map(({ name, args }) => [name, args]);

describe("Tool calls, however they are cut into pieces, come out the same:", () => {
  for (const [name, habit] of Object.entries(SEQUENTIAL)) {
    it(`one after the other, with ${name}`, () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(anyCall, anyCuts), { maxLength: 4 }), (calls) => {
          const pieces = calls.flatMap(([{ name, args }, cuts], at) => habit(at, name, cutText(args, cuts)));
          assert.deepEqual(assembled(pieces), wanted(calls.map(([one]) => one)));
        }),
        { numRuns: 150 },
      );
    });
  }

  for (const [name, habit] of Object.entries(HABITS)) {
    it(`in parallel, with ${name}`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.tuple(anyCall, anyCuts), { minLength: 1, maxLength: 4 }),
          fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }),
          (calls, order) => {
            const queues = calls.map(([{ name, args }, cuts], at) => habit(at, name, cutText(args, cuts)));
            assert.deepEqual(
              assembled(interleaved(queues, order)).sort(),
              wanted(calls.map(([one]) => one)).sort(),
            );
          },
        ),
        { numRuns: 150 },
      );
    });
  }
});

/** Each queue in its own order, the queues mixed. */
function interleaved(queues: readonly object[][], order: readonly number[]): object[] {
  const left = queues.map((queue) => [...queue]);
  const mixed: object[] = [];
  for (let turn = 0; left.some((queue) => queue.length > 0); turn++) {
    const queue = left[order[turn % order.length]! % left.length]!;
    const next = queue.shift() ?? left.find(({ length }) => length > 0)?.shift();
    if (next) mixed.push(next);
  }
  return mixed;
}

describe("A tool-call tracker", () => {
  const track = (pieces: readonly unknown[], tools: readonly string[] = []) =>
    pieces.map((piece) => new ToolCallTracker(tools, 128).normalise([piece]));

  it("tells id, type and name once", () => {
    const tracker = new ToolCallTracker([], 128);
    const piece = { index: 4, id: "a", type: "function", function: { name: "f", arguments: "1" } };
    assert.deepEqual(tracker.normalise([piece, piece]), [
      { index: 0, id: "a", type: "function", function: { name: "f", arguments: "1" } },
      { index: 0, function: { arguments: "1" } },
    ]);
  });

  it("says nothing for a piece that brings nothing, but tells that a call has begun", () => {
    const tracker = new ToolCallTracker([], 128);
    assert.deepEqual(tracker.normalise([{ index: 0 }, { index: 0, function: { arguments: "" } }]), [
      { index: 0 },
    ]);
  });

  it("gives a name that grew as a whole", () => {
    const tracker = new ToolCallTracker(["get_weather"], 128);
    const said = tracker.normalise(["get", "_", "weather"].map((name) => ({ index: 0, function: { name } })));
    // "get_" is no tool's name, so the fragment is not taken for one.
    assert.deepEqual(said, [{ index: 0, function: { name: "get" } }]);
    const other = new ToolCallTracker(["get_weather"], 128);
    const whole = other.normalise(["get_", "weather"].map((name) => ({ index: 0, function: { name } })));
    assert.deepEqual(whole.at(-1), { index: 0, function: { name: "get_weather" } });
  });

  it("passes over what is no piece", () => {
    assert.deepEqual(track([null, 1, "x", []]), [[], [], [], []]);
  });

  it("takes functions and arguments of odd types for none, or for their JSON", () => {
    const [odd] = track([{ index: 0, id: 7, type: 1, function: { name: 3, arguments: [1] } }]);
    assert.deepEqual(odd, [{ index: 0, function: { arguments: "[1]" } }]);
    assert.deepEqual(track([{ index: 0, id: "a", function: "f" }]), [[{ index: 0, id: "a" }]]);
  });

  it("refuses impossible indices", () => {
    for (const index of [-1, 1.5, "__proto__", "1e3", Number.NaN, true, {}]) {
      assert.throws(
        () => new ToolCallTracker([], 128).normalise([{ index }]),
        (thrown) => thrown instanceof Failure && thrown.code === "bad_response",
        String(index),
      );
    }
  });

  it("opens no more calls than its limit", () => {
    const tracker = new ToolCallTracker([], 3);
    tracker.normalise([{ id: "a" }, { id: "b" }, { id: "c" }]);
    const refused = (thrown: unknown) => thrown instanceof Failure && thrown.code === "limit";
    assert.throws(() => tracker.normalise([{ id: "d" }]), refused);
    assert.throws(() => tracker.normalise([{ index: 3 }]), refused);
  });

  it("looks no further for a second call behind arguments that are very long", () => {
    const tracker = new ToolCallTracker([], 128);
    const piece = { index: 0, function: { name: "f", arguments: `{"a":"${"}".repeat(20_000)}"}` } };
    assert.deepEqual(
      tracker.normalise([piece, piece]).map(({ index }) => index),
      [0, 0],
    );
  });
});
