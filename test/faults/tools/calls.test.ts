import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import type { FailureData } from "../../../src/core/failure.js";
import {
  createModel,
  type ModelTurn,
  RouterWorld,
  type RouterWorldOptions,
  type ScriptedCall,
} from "../../support/worlds/router-world.js";

const PARIS: ScriptedCall = { name: "get_weather", args: { city: "Paris" } };
const LAST_TURN: ModelTurn = { texts: ["Done."] };
const TOOL_WITH_PATTERN = {
  name: "find",
  parameters: { type: "object", properties: { text: { type: "string", pattern: "^(a+)+$" } } },
};

/** Runs a turn with these calls and a last turn. @param silent no tool answers, unless the test does it */
function runCalls(
  calls: readonly ScriptedCall[],
  options: RouterWorldOptions = {},
  silent = false,
): RouterWorld {
  const world = new RouterWorld(createModel({ calls }, LAST_TURN), options);
  if (silent) world.onCall = () => {};
  world.input({ payload: "Go" });
  return world;
}

/** Asserts that a call reaches no tool and that the model gets an error. */
function assertRefused(call: ScriptedCall, error: RegExp): void {
  const world = runCalls([call]);
  assert.equal(world.calls.length, 0);
  assert.match(world.getResults(1)[0]!, error);
  assert.equal(world.ends.length, 1);
  assert.equal(world.done, world.got);
}

const getCode = (world: RouterWorld) => (world.ends[0]!.error as FailureData).code;

describe("Tool call", () => {
  it("T01: runs no unknown tool, and sends the model an error", () => {
    assertRefused({ name: "drop_table", args: {} }, /^Error: There is no tool "drop_table"\.$/);
    assertRefused({ name: "", args: {} }, /There is no tool ""/);
  });

  it("T01: warns the author once of each unknown tool, by its name", () => {
    const world = runCalls([{ name: "drop_table" }, { name: "drop_table" }, PARIS, { name: "drop_all" }]);
    world.input({ payload: "Go" });
    assert.deepEqual(
      world.warnings.map((text) => /“(.*?)”/.exec(text)![1]),
      ["drop_table", "drop_all"],
    );
  });

  for (const [args, at] of [
    ['{"city": Paris}', 9],
    ['{"city": "Paris"', 16],
    ["Paris", 0],
    ['{"city":"Paris"} thanks', 17],
    ['{"city":"Paris",}', 16],
    ['{"city":NaN}', 8],
    ['```json\n{"city":"Paris"}\n```', 0],
  ] as const) {
    it(`T02: runs no tool with arguments that are not JSON, and names the position without quoting them: ${args}`, () => {
      assertRefused({ name: "get_weather", args }, new RegExp(`^Error: .*not JSON.*at character ${at}\\.$`));
    });
  }

  it("T03: runs no tool with arguments that violate the schema, and names the path", () => {
    assertRefused({ name: "get_weather", args: { city: 5 } }, /schema: \$\.city must be string/);
    assertRefused({ name: "get_weather", args: {} }, /schema: \$ .*city/);
    assertRefused({ name: "get_weather", args: "[1]" }, /not a JSON object/);
    assertRefused({ name: "get_weather", args: '"Paris"' }, /not a JSON object/);
  });

  for (const args of [
    '{"city":"Paris","__proto__":{"x":1}}',
    '{"city":"Paris","\\u005f_proto__":{"x":1}}',
    '{"city":"Paris","a":{"constructor":{"prototype":{"x":1}}}}',
    '{"city":"Paris","\\u0063onstructor":{"prototype":{"x":1}}}',
  ]) {
    it(`T04: refuses arguments with a key that leads to a prototype: ${args}`, () => {
      assertRefused({ name: "get_weather", args }, /forbidden key/);
      assert.equal(({} as Record<string, unknown>)["x"], undefined);
    });
  }

  it("T04: refuses arguments that nest too deeply", () => {
    const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
    assertRefused({ name: "get_time", args: deep }, /nest deeper than 64/);
  });

  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty", "x".repeat(1_000_000)]) {
    it(`T05: finds no tool of the name ${name.slice(0, 20)}`, () => {
      assertRefused({ name, args: {} }, /^Error: There is no tool ".{1,65}"\.$/);
    });
  }

  it("T06: runs no call of a turn that a token limit cut off, even if its arguments can be parsed", () => {
    for (const args of ['{"city":"Par', '{"city":"Paris"}']) {
      const world = new RouterWorld(
        createModel({ texts: ["I look."], calls: [{ ...PARIS, args }], finish: "length" }),
      );
      world.input({ payload: "Go" });
      assert.equal(world.calls.length, 0);
      assert.equal(world.requests.length, 1);
      assert.equal(getCode(world), "interrupted");
      assert.equal((world.ends[0]!.error as FailureData).partial, "I look.");
      assert.equal(world.errors[0]!.code, "interrupted");
    }
  });

  it("T06: runs no call of a turn that broke off or was filtered", () => {
    for (const turn of [{ fails: "interrupted" }, { finish: "content_filter" }] as ModelTurn[]) {
      const world = new RouterWorld(createModel({ calls: [PARIS], ...turn }));
      world.input({ payload: "Go" });
      assert.equal(world.calls.length, 0);
      assert.equal(world.ends.length, 1);
      assert.equal(world.clock.timerCount, 0);
    }
  });

  it("T07: waits 60 s for a tool, and then goes on with an error as its result", async () => {
    const world = runCalls([PARIS, { name: "get_time" }], {}, true);
    world.answer(1, "noon");
    await world.clock.advance(59_999);
    assert.equal(world.requests.length, 1);
    await world.clock.advance(1);
    assert.match(world.getResults(1)[0]!, /^Error: The tool timed out: no answer came within 60 s\.$/);
    assert.equal(world.getResults(1)[1], "noon");
    assert.deepEqual(
      (world.ends[0]!["rounds"] as { calls: { outcome: string }[] }[])[0]!.calls.map(
        ({ outcome }) => outcome,
      ),
      ["timed_out", "answered"],
    );
    assert.equal(world.clock.timerCount, 0);
  });

  it("T07: waits as long as toolTimeout says, and warns the author", async () => {
    const world = runCalls([PARIS], { toolTimeout: "5" }, true);
    await world.clock.advance(4_999);
    assert.equal(world.requests.length, 1);
    await world.clock.advance(1);
    assert.match(world.getResults(1)[0]!, /within 5 s/);
    assert.match(world.warnings[0]!, /within 5 s from: get_weather\. Wire the tool's flow back/);
  });

  it("T08: takes the first of two answers, and warns with a count of the others", () => {
    const world = runCalls([PARIS, { name: "get_time" }], {}, true);
    world.answer(0, "first");
    world.answer(0, "second");
    assert.equal(world.warnings.length, 1);
    assert.match(world.warnings[0]!, /“get_weather”.*1 so far/);
    world.answer(1, "noon");
    world.answer(1, "midnight");
    assert.deepEqual(world.getResults(1), ["first", "noon"]);
    assert.equal(world.requests.length, 2);
    assert.match(world.warnings[1]!, /2 so far/);
    assert.equal(world.done, world.got);
  });

  it("T09: drops an answer that comes after the timeout or belongs to no call", async () => {
    const world = runCalls([PARIS], {}, true);
    const { toolCall } = world.calls[0]!.message as { toolCall: object };
    world.input({ payload: "x", toolCall: { ...toolCall, id: "another" } });
    assert.equal(world.warnings.length, 1);
    await world.clock.advance(60_000);
    world.warnings.length = 0;
    world.answer(0, "late");
    assert.equal(world.warnings.length, 1);
    assert.equal(world.requests.length, 2);
    assert.equal(world.ends.length, 1);
    world.input({ payload: "x", toolCall: { ...toolCall, run: "another" } });
    assert.equal(world.debugs.length, 1);
    assert.equal(world.requests.length, 2);
  });

  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const deep: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  for (const [kind, payload, expected] of [
    ["a circle", circular, /^Error: .*cannot be converted/],
    ["an array that nests too deeply", deep, /^Error: .*cannot be converted/],
    ["a BigInt", { n: 12345678901234567890n }, /^{"n":"12345678901234567890"}$/],
    ["a Buffer with text", Buffer.from("Grüße"), /^Grüße$/],
    ["a Buffer without text", Buffer.from([0xff, 0xfe]), /^Error: .*cannot be converted/],
    ["undefined", undefined, /^Error: The tool gave no result\.$/],
    ["a function", () => 1, /^Error: The tool gave no result\.$/],
    ["null", null, /^null$/],
    ["a number", 7, /^7$/],
    ["an empty text", "", /^$/],
    ["an error", new Error("no entry"), /^no entry$/],
    ["an object with an error", { e: new TypeError("no entry") }, /^{"e":"no entry"}$/],
    [
      "an object with an error of a function node",
      { e: runInNewContext("new Error('no entry')") },
      /^{"e":"no entry"}$/,
    ],
    ["a Map of a function node", runInNewContext("new Map([['a', 1]])"), /^\[\["a",1\]\]$/],
    ["an object with a Set", { s: new Set([1, 2n]) }, /^{"s":\[1,"2"\]}$/],
  ] as const) {
    it(`T10: sends the model a text for a result that is ${kind}`, () => {
      const world = runCalls([PARIS], {}, true);
      world.answer(0, payload);
      assert.match(world.getResults(1)[0]!, expected);
      assert.equal(world.ends.length, 1);
    });
  }

  it("T10: cuts off a result that is too long, and says so", () => {
    for (const payload of ["€".repeat(50_000_000), { a: "x".repeat(1_000_000) }]) {
      const world = runCalls([PARIS], {}, true);
      world.answer(0, payload);
      const [result] = world.getResults(1);
      assert.ok(result!.length < 262_144 + 200);
      assert.match(result!.slice(262_140), /cut off here: the result has \d+ characters, and 262144 are/);
    }
    const world = runCalls([PARIS], { maxResult: 3 }, true);
    world.answer(0, "ab👋c");
    assert.match(world.getResults(1)[0]!, /^ab\n\[cut/);
  });

  it("T11: takes an error from a Catch node as the answer", () => {
    const world = runCalls([PARIS, PARIS], {}, true);
    world.answer(0, { city: "Paris" }, { error: { message: "no entry", source: { id: "f" } } });
    world.answer(1, "x", { error: "just a text" });
    assert.deepEqual(world.getResults(1), ["Error: no entry", "Error: just a text"]);
  });

  it("T11: ignores an empty msg.error", () => {
    for (const error of [null, false, "", 0]) {
      const world = runCalls([PARIS], {}, true);
      world.answer(0, "sunny", { error });
      assert.deepEqual(world.getResults(1), ["sunny"]);
    }
  });

  it("T12: keeps the order of the calls and the other results if a tool fails", () => {
    const world = runCalls([PARIS, { name: "nobody" }, { name: "get_time" }], {}, true);
    world.answer(1, "noon");
    world.answer(0, "", { error: { message: "no entry" } });
    assert.deepEqual(world.getResults(1), ["Error: no entry", 'Error: There is no tool "nobody".', "noon"]);
    assert.deepEqual(
      world.getConversation(1).map((message) => message["tool_call_id"]),
      [undefined, undefined, "call_0", "call_1", "call_2"],
    );
  });

  it("T13: tells calls with the same id apart, in one turn and in two, and sends the vendor's id back", () => {
    const calls = [
      { ...PARIS, id: "same" },
      { ...PARIS, id: "same" },
    ];
    const world = new RouterWorld(createModel({ calls }, { calls: [{ ...PARIS, id: "same" }] }, LAST_TURN));
    world.onCall = () => {};
    world.input({ payload: "Go" });
    world.answer(1, "second");
    assert.equal(world.requests.length, 1);
    world.answer(0, "first");
    world.answer(2, "third");
    assert.deepEqual(world.getResults(2), ["first", "second", "third"]);
    const ids = world.calls.map(({ message }) => (message["toolCall"] as { id: string }).id);
    assert.equal(new Set(ids).size, 3);
    const vendorIds = world.getConversation(2).flatMap((message) => message["tool_call_id"] ?? []);
    assert.deepEqual(vendorIds, ["same", "same", "same"]);
  });

  it("T14: fails after 8 rounds with tool_rounds and the whole conversation", () => {
    const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }));
    world.input({ payload: "Go" });
    assert.equal(world.calls.length, 8);
    assert.equal(world.requests.length, 9);
    assert.equal(getCode(world), "tool_rounds");
    assert.equal((world.ends[0]!.error as FailureData).partial, "a".repeat(9));
    assert.deepEqual((world.ends[0]!.request as { messages: unknown }).messages, world.getConversation(8));
    assert.equal((world.ends[0]!.stats as { rounds: number }).rounds, 9);
    assert.deepEqual(
      world.errors.map((error) => error.code),
      ["tool_rounds"],
    );
    const oneRound = new RouterWorld(createModel({ calls: [PARIS] }), { maxRounds: "1" });
    oneRound.input({ payload: "Go" });
    assert.equal(oneRound.calls.length, 1);
  });

  it("T15: stays as it is if a tool changes its message", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS, PARIS] }, { calls: [PARIS] }, LAST_TURN));
    const seen: unknown[] = [];
    world.onCall = (message) => {
      seen.push(structuredClone([message["mine"], message.payload]));
      const { toolCall, mine, payload } = message as Record<string, Record<string, unknown>>;
      (toolCall!["arguments"] as Record<string, unknown>)["city"] = "changed";
      mine!["changed"] = true;
      payload!["city"] = "changed";
      world.input({ ...message, payload: "ok" });
    };
    world.input({ payload: "Go", mine: {} });
    assert.deepEqual(seen, Array(3).fill([{}, { city: "Paris" }]));
    assert.ok(!JSON.stringify(world.requests.slice(1)).includes("changed"));
    assert.deepEqual(world.ends[0]!["mine"], {});
  });

  it("R10: drops its round at a redeploy, and ignores a later answer", async () => {
    const world = runCalls([PARIS], {}, true);
    const sent = world.out.length;
    world.controller.close();
    assert.equal(world.clock.timerCount, 0);
    world.answer(0, "late");
    await world.clock.advance(100_000);
    assert.equal(world.requests.length, 1);
    assert.equal(world.out.length, sent);
    assert.equal(world.warnings.length, 0);
    assert.equal(world.debugs.length, 1);
  });

  it("K18: sends the model an error for a tool without a wire, and warns the author once", () => {
    const world = new RouterWorld(createModel({ calls: [PARIS, PARIS] }, LAST_TURN), { unwired: [2] });
    // Outputs are counted from 0, so the first tool has output 2.
    world.input({ payload: "Go" });
    assert.equal(world.calls.length, 0);
    assert.match(world.getResults(1)[0]!, /"get_weather" is not available/);
    assert.equal(world.warnings.length, 1);
    assert.match(world.warnings[0]!, /get_weather.*output \(3\)/);
  });

  it("K18: waits for a person who confirms the call, as long as toolTimeout says", async () => {
    const world = runCalls([PARIS], { toolTimeout: 86_400 }, true);
    await world.clock.advance(80_000_000);
    assert.equal(world.requests.length, 1);
    world.answer(0, "", { error: { message: "The user refused." } });
    assert.deepEqual(world.getResults(1), ["Error: The user refused."]);
  });

  it("K16: tests a pattern of the schema on short texts only", () => {
    for (const [text, error] of [
      [`${"a".repeat(12)}b`, /\$\.text must match/],
      [`${"a".repeat(5000)}b`, /\$\.text has a text of more than 4096 characters/],
    ] as const) {
      const world = runCalls([{ name: "find", args: { text } }], { tools: [TOOL_WITH_PATTERN] });
      assert.equal(world.calls.length, 0);
      assert.match(world.getResults(1)[0]!, error);
    }
  });
});
