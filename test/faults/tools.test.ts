import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import type { FailureData } from "../../src/core/failure.js";
import {
  type Called,
  RouterWorld,
  type Turn,
  turns,
  type WorldOptions,
} from "../support/worlds/router-world.js";

const PARIS: Called = { name: "get_weather", args: { city: "Paris" } };
const DONE: Turn = { texts: ["Done."] };
const PATTERN = {
  name: "find",
  parameters: { type: "object", properties: { text: { type: "string", pattern: "^(a+)+$" } } },
};

/** One turn with these calls and one after it. */
function calling(calls: readonly Called[], options: WorldOptions = {}, silent = false): RouterWorld {
  const world = new RouterWorld(turns({ calls }, DONE), options);
  if (silent) world.onCall = () => {};
  world.input({ payload: "Go" });
  return world;
}

/** Looks whether a call came to no tool and the model is told why. */
function refused(call: Called, says: RegExp): void {
  const world = calling([call]);
  assert.equal(world.called.length, 0);
  assert.match(world.results(1)[0]!, says);
  assert.equal(world.ends.length, 1);
  assert.equal(world.done, world.got);
}

const code = (world: RouterWorld) => (world.ends[0]!.error as FailureData).code;

describe("Tools", () => {
  it("T01: never runs a tool that is unknown, and tells the model so", () => {
    refused({ name: "drop_table", args: {} }, /^Error: There is no tool "drop_table"\.$/);
    refused({ name: "", args: {} }, /There is no tool ""/);
  });

  it("T01: tells the author of an unknown tool once, by its name", () => {
    const world = calling([{ name: "drop_table" }, { name: "drop_table" }, PARIS, { name: "drop_all" }]);
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
    it(`T02: runs nothing with arguments that are not JSON, and tells the place and no more: ${args}`, () => {
      refused({ name: "get_weather", args }, new RegExp(`^Error: .*not JSON.*at character ${at}\\.$`));
    });
  }

  it("T03: runs nothing with arguments that violate the schema, and tells the path", () => {
    refused({ name: "get_weather", args: { city: 5 } }, /schema: \$\.city must be string/);
    refused({ name: "get_weather", args: {} }, /schema: \$ .*city/);
    refused({ name: "get_weather", args: "[1]" }, /not a JSON object/);
    refused({ name: "get_weather", args: '"Paris"' }, /not a JSON object/);
  });

  for (const args of [
    '{"city":"Paris","__proto__":{"x":1}}',
    '{"city":"Paris","\\u005f_proto__":{"x":1}}',
    '{"city":"Paris","a":{"constructor":{"prototype":{"x":1}}}}',
    '{"city":"Paris","\\u0063onstructor":{"prototype":{"x":1}}}',
  ]) {
    it(`T04: refuses arguments that lead to a prototype: ${args}`, () => {
      refused({ name: "get_weather", args }, /forbidden key/);
      assert.equal(({} as Record<string, unknown>)["x"], undefined);
    });
  }

  it("T04: refuses arguments that nest without end", () => {
    const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;
    refused({ name: "get_time", args: deep }, /nest deeper than 64/);
  });

  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty", "x".repeat(1_000_000)]) {
    it(`T05: takes ${name.slice(0, 20)} for the name of no tool`, () => {
      refused({ name, args: {} }, /^Error: There is no tool ".{1,65}"\.$/);
    });
  }

  it("T06: never runs a call that was cut off by a limit of tokens, even one that could be parsed", () => {
    for (const args of ['{"city":"Par', '{"city":"Paris"}']) {
      const world = new RouterWorld(
        turns({ texts: ["I look."], calls: [{ ...PARIS, args }], finish: "length" }),
      );
      world.input({ payload: "Go" });
      assert.equal(world.called.length, 0);
      assert.equal(world.requests.length, 1);
      assert.equal(code(world), "interrupted");
      assert.equal((world.ends[0]!.error as FailureData).partial, "I look.");
      assert.equal(world.errors[0]!.code, "interrupted");
    }
  });

  it("T06: nor one of a stream that broke off or was filtered", () => {
    for (const turn of [{ fails: "interrupted" }, { finish: "content_filter" }] as Turn[]) {
      const world = new RouterWorld(turns({ calls: [PARIS], ...turn }));
      world.input({ payload: "Go" });
      assert.equal(world.called.length, 0);
      assert.equal(world.ends.length, 1);
      assert.equal(world.clock.waiting, 0);
    }
  });

  it("T07: waits a minute for a tool, and then goes on without it", async () => {
    const world = calling([PARIS, { name: "get_time" }], {}, true);
    world.answer(1, "noon");
    await world.clock.advance(59_999);
    assert.equal(world.requests.length, 1);
    await world.clock.advance(1);
    assert.match(world.results(1)[0]!, /^Error: The tool timed out: no answer came within 60 s\.$/);
    assert.equal(world.results(1)[1], "noon");
    assert.deepEqual(
      (world.ends[0]!["rounds"] as { calls: { outcome: string }[] }[])[0]!.calls.map(
        ({ outcome }) => outcome,
      ),
      ["timed_out", "answered"],
    );
    assert.equal(world.clock.waiting, 0);
  });

  it("T07: waits as long as the author says", async () => {
    const world = calling([PARIS], { toolTimeout: "5" }, true);
    await world.clock.advance(4_999);
    assert.equal(world.requests.length, 1);
    await world.clock.advance(1);
    assert.match(world.results(1)[0]!, /within 5 s/);
    assert.match(world.warnings[0]!, /within 5 s from: get_weather\. Wire the tool's flow back/);
  });

  it("T08: takes the first of two answers, and counts and reports the second", () => {
    const world = calling([PARIS, { name: "get_time" }], {}, true);
    world.answer(0, "first");
    world.answer(0, "second");
    assert.equal(world.warnings.length, 1);
    assert.match(world.warnings[0]!, /“get_weather”.*1 so far/);
    world.answer(1, "noon");
    world.answer(1, "midnight");
    assert.deepEqual(world.results(1), ["first", "noon"]);
    assert.equal(world.requests.length, 2);
    assert.match(world.warnings[1]!, /2 so far/);
    assert.equal(world.done, world.got);
  });

  it("T09: drops what comes after the time is over, or answers a call that never was", async () => {
    const world = calling([PARIS], {}, true);
    const { toolCall } = world.called[0]!.message as { toolCall: object };
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
  for (const [what, payload, says] of [
    ["a circle", circular, /^Error: .*cannot be converted/],
    ["a nest without end", deep, /^Error: .*cannot be converted/],
    ["a BigInt", { n: 12345678901234567890n }, /^{"n":"12345678901234567890"}$/],
    ["a Buffer with text", Buffer.from("Grüße"), /^Grüße$/],
    ["a Buffer with none", Buffer.from([0xff, 0xfe]), /^Error: .*cannot be converted/],
    ["undefined", undefined, /^Error: The tool gave no result\.$/],
    ["a function", () => 1, /^Error: The tool gave no result\.$/],
    ["null", null, /^null$/],
    ["a number", 7, /^7$/],
    ["no text", "", /^$/],
    ["an error", new Error("no entry"), /^no entry$/],
    ["an error within", { e: new TypeError("no entry") }, /^{"e":"no entry"}$/],
    ["an error of a function node", { e: runInNewContext("new Error('no entry')") }, /^{"e":"no entry"}$/],
    ["a Map of a function node", runInNewContext("new Map([['a', 1]])"), /^\[\["a",1\]\]$/],
    ["a Set within", { s: new Set([1, 2n]) }, /^{"s":\[1,"2"\]}$/],
  ] as const) {
    it(`T10: tells the model of ${what}`, () => {
      const world = calling([PARIS], {}, true);
      world.answer(0, payload);
      assert.match(world.results(1)[0]!, says);
      assert.equal(world.ends.length, 1);
    });
  }

  it("T10: tells the beginning of what is too long, and that it is", () => {
    for (const payload of ["€".repeat(50_000_000), { a: "x".repeat(1_000_000) }]) {
      const world = calling([PARIS], {}, true);
      world.answer(0, payload);
      const [result] = world.results(1);
      assert.ok(result!.length < 262_144 + 200);
      assert.match(result!.slice(262_140), /cut off here: the result has \d+ characters, and 262144 are/);
    }
    const world = calling([PARIS], { maxResult: 3 }, true);
    world.answer(0, "ab👋c");
    assert.match(world.results(1)[0]!, /^ab\n\[cut/);
  });

  it("T11: takes what a Catch node sends for the answer", () => {
    const world = calling([PARIS, PARIS], {}, true);
    world.answer(0, { city: "Paris" }, { error: { message: "no entry", source: { id: "f" } } });
    world.answer(1, "x", { error: "just a text" });
    assert.deepEqual(world.results(1), ["Error: no entry", "Error: just a text"]);
  });

  it("T11: takes an error that is none for none", () => {
    for (const error of [null, false, "", 0]) {
      const world = calling([PARIS], {}, true);
      world.answer(0, "sunny", { error });
      assert.deepEqual(world.results(1), ["sunny"]);
    }
  });

  it("T12: keeps the order of the calls and the other results where one tool fails", () => {
    const world = calling([PARIS, { name: "nobody" }, { name: "get_time" }], {}, true);
    world.answer(1, "noon");
    world.answer(0, "", { error: { message: "no entry" } });
    assert.deepEqual(world.results(1), ["Error: no entry", 'Error: There is no tool "nobody".', "noon"]);
    assert.deepEqual(
      world.messages(1).map((message) => message["tool_call_id"]),
      [undefined, undefined, "call_0", "call_1", "call_2"],
    );
  });

  it("T13: tells two calls of one id apart, in one turn and over two, and echoes the vendor's own", () => {
    const calls = [
      { ...PARIS, id: "same" },
      { ...PARIS, id: "same" },
    ];
    const world = new RouterWorld(turns({ calls }, { calls: [{ ...PARIS, id: "same" }] }, DONE));
    world.onCall = () => {};
    world.input({ payload: "Go" });
    world.answer(1, "second");
    assert.equal(world.requests.length, 1);
    world.answer(0, "first");
    world.answer(2, "third");
    assert.deepEqual(world.results(2), ["first", "second", "third"]);
    const ids = world.called.map(({ message }) => (message["toolCall"] as { id: string }).id);
    assert.equal(new Set(ids).size, 3);
    const echoed = world.messages(2).flatMap((message) => message["tool_call_id"] ?? []);
    assert.deepEqual(echoed, ["same", "same", "same"]);
  });

  it("T14: stops a model that calls for ever after 8 rounds, with the whole conversation", () => {
    const world = new RouterWorld(turns({ texts: ["a"], calls: [PARIS] }));
    world.input({ payload: "Go" });
    assert.equal(world.called.length, 8);
    assert.equal(world.requests.length, 9);
    assert.equal(code(world), "tool_rounds");
    assert.equal((world.ends[0]!.error as FailureData).partial, "a".repeat(9));
    assert.deepEqual((world.ends[0]!.request as { messages: unknown }).messages, world.messages(8));
    assert.equal((world.ends[0]!.stats as { rounds: number }).rounds, 9);
    assert.deepEqual(
      world.errors.map((error) => error.code),
      ["tool_rounds"],
    );
    const once = new RouterWorld(turns({ calls: [PARIS] }), { maxRounds: "1" });
    once.input({ payload: "Go" });
    assert.equal(once.called.length, 1);
  });

  it("T15: is not reached by what a tool does with its message", () => {
    const world = new RouterWorld(turns({ calls: [PARIS, PARIS] }, { calls: [PARIS] }, DONE));
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

  it("R10: lets go of a round at a redeploy; what is answered then is dropped in silence", async () => {
    const world = calling([PARIS], {}, true);
    const sent = world.out.length;
    world.controller.close();
    assert.equal(world.clock.waiting, 0);
    world.answer(0, "late");
    await world.clock.advance(100_000);
    assert.equal(world.requests.length, 1);
    assert.equal(world.out.length, sent);
    assert.equal(world.warnings.length, 0);
    assert.equal(world.debugs.length, 1);
  });

  it("K18: tells the model that a tool is not there which nothing is wired to, and the author once", () => {
    const world = new RouterWorld(turns({ calls: [PARIS, PARIS] }, DONE), { unwired: [2] });
    // With outputs counted from 0, the first tool's is 2.
    world.input({ payload: "Go" });
    assert.equal(world.called.length, 0);
    assert.match(world.results(1)[0]!, /"get_weather" is not available/);
    assert.equal(world.warnings.length, 1);
    assert.match(world.warnings[0]!, /get_weather.*output \(3\)/);
  });

  it("K18: lets a person stand between a call and its tool, as long as the author gives him", async () => {
    const world = calling([PARIS], { toolTimeout: 86_400 }, true);
    await world.clock.advance(80_000_000);
    assert.equal(world.requests.length, 1);
    world.answer(0, "", { error: { message: "The user refused." } });
    assert.deepEqual(world.results(1), ["Error: The user refused."]);
  });

  it("K16: runs a schema's pattern on short texts only", () => {
    for (const [text, says] of [
      [`${"a".repeat(20)}b`, /\$\.text must match/],
      [`${"a".repeat(5000)}b`, /\$\.text has a text of more than 4096 characters/],
    ] as const) {
      const world = calling([{ name: "find", args: { text } }], { tools: [PATTERN] });
      assert.equal(world.called.length, 0);
      assert.match(world.results(1)[0]!, says);
    }
  });
});
