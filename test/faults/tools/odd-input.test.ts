import assert from "node:assert/strict";
import fc from "fast-check";
import type { Message } from "../../../src/node-red/red/api.js";
import { anyChunkLike, anyJson } from "../../support/inputs/arbitraries.js";
import { createModel, RouterWorld } from "../../support/worlds/router-world.js";

const PARIS = { name: "get_weather", args: { city: "Paris" } };

const anyParts = fc.oneof(
  fc.record({
    id: fc.constantFrom("stream-0", "x"),
    index: fc.nat(4),
    type: fc.constant("string"),
    ch: fc.constant(""),
  }),
  fc.record({ id: fc.constantFrom("stream-0", "x"), index: fc.nat(4), count: fc.nat(4), parts: anyJson }),
  anyJson,
);
const anyTag = fc.oneof(
  fc.array(
    fc.record({
      kind: fc.constant("run"),
      node: fc.constant("router"),
      run: fc.constant("known"),
      round: fc.nat(3),
    }),
  ),
  anyJson,
);
const anyMessage = fc.record(
  {
    payload: anyJson,
    parts: anyParts,
    chunk: fc.oneof(anyChunkLike, anyJson),
    complete: fc.constantFrom<unknown>(true, false, "x"),
    finishReason: fc.constantFrom<unknown>("tool_calls", "length", "stop", 5),
    askedBy: anyTag,
    toolCall: fc.oneof(
      fc.record({
        node: fc.constant("router"),
        run: fc.constant("known"),
        id: fc.constantFrom("call_0", "x"),
      }),
      anyJson,
    ),
    request: fc.oneof(fc.constant({ messages: [] }), anyJson),
    stats: anyJson,
    error: anyJson,
    tools: fc.oneof(fc.constant([]), anyJson),
    options: fc.oneof(fc.constant({}), anyJson),
    messages: fc.array(fc.record({ role: fc.constant("user"), content: fc.string() }), {
      minLength: 1,
      maxLength: 2,
    }),
    cancel: fc.constant(true),
    reset: fc.constant(true),
    usage: anyJson,
    conversation: anyJson,
  },
  { requiredKeys: [] },
);

/** Whether an error comes from JavaScript and not from a node of this package. */
const isProgramError = ({ code, message }: { code?: string; message: string }) =>
  code === undefined || /Cannot read|is not (a function|iterable|defined)|of undefined|of null/.test(message);

describe("Tool-call-router with odd messages", () => {
  it("T09: is done with each message once, throws no program error, and ends each stream at most once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 12 }), fc.boolean(), async (messages, silent) => {
        const world = new RouterWorld(createModel({ texts: ["a"], calls: [PARIS] }, { texts: ["b"] }), {
          otherTools: true,
        });
        if (silent) world.onCall = () => {};
        // A chat-stream would refuse these.
        world.changeRequest = (message) => (message["odd"] ? undefined : message);
        world.input({ payload: "Go" });
        const [{ run }] = world.requests[0]!["askedBy"] as [{ run: string }];
        const insertRunId = (value: unknown) =>
          JSON.parse(JSON.stringify(value).replaceAll('"known"', `"${run}"`)) as Message;
        for (const message of messages) world.input({ ...insertRunId(message), odd: true });
        await world.clock.advance(5_000_000);
        assert.equal(world.done, world.got);
        assert.equal(world.clock.timerCount, 0);
        assert.deepEqual(world.errors.filter(isProgramError), []);
        const ends = world.ends.map(({ parts }) => parts!.id);
        assert.equal(new Set(ends).size, ends.length);
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
      { numRuns: 400 },
    );
  });
});
