import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage } from "../../src/core/chat/chunk.js";
import { type ChainNode, ChainWorld, type Disturbance, type Model } from "../support/worlds/chain-world.js";
import type { ModelTurn } from "../support/worlds/router-world.js";

/** An answer whose words are all different, so that a doubled or lost one shows. */
const WORDS = Array.from({ length: 12 }, (_, nth) => `word${nth} `);
const TEXT = WORDS.join("");
const PARIS = { name: "get_weather", args: { city: "Paris" } };

/** After how many words the requests break, one after the other. */
const anyBreaks = fc.array(fc.nat(WORDS.length), { maxLength: 3 });

const anyDisturbance: fc.Arbitrary<Disturbance> = fc.record({
  seed: fc.nat(),
  delayed: fc.constantFrom(0, 0.2, 0.7),
  doubled: fc.constantFrom(0, 0.2, 1),
  dropped: fc.constantFrom(0, 0, 0, 0.02, 0.2),
  dropsEmpty: fc.boolean(),
});

const anyRetry = fc.record({
  attempts: fc.constant(5),
  afterText: fc.constantFrom("continue", "restart"),
  continueBy: fc.constantFrom("prefill", "quote"),
});

const anyChain: fc.Arbitrary<ChainNode[]> = fc.constantFrom<ChainNode[]>(
  ["retry"],
  ["retry", "buffer"],
  ["retry", "router"],
  ["retry", "router", "buffer"],
  ["router", "retry"],
  ["router", "retry", "buffer"],
  ["router", "buffer"],
);

/** What of the answer a model is told that it has said. */
function readBegun(conversation: readonly ChatMessage[]): string {
  const answer = conversation.findLast(({ role }) => role === "assistant");
  const isContinuation = conversation.at(-1)?.role !== "tool" && typeof answer?.content === "string";
  return isContinuation ? (answer!.content as string) : "";
}

/** A model that calls a tool first if it has one, then gives the answer; its requests break where they are told to. */
function createModel(breaks: readonly number[], callsTool: boolean): Model {
  const left = [...breaks];
  return (conversation) => {
    const hasResult = conversation.some(({ role }) => role === "tool");
    if (callsTool && !hasResult && conversation.length === 1) {
      return { texts: ["Let me look. "], calls: [PARIS], finish: "tool_calls" };
    }
    const begun = readBegun(conversation);
    const rest = begun.startsWith("Let me look.") ? TEXT : TEXT.slice(begun.length);
    const pieces = rest.match(/\s*\S+\s*/g) ?? [];
    const at = left.shift();
    const turn: ModelTurn = { texts: pieces.slice(0, at ?? pieces.length) };
    return at === undefined ? turn : { ...turn, fails: "interrupted" };
  };
}

function run(
  chain: readonly ChainNode[],
  breaks: readonly number[],
  disturbance: Disturbance,
  retry: object,
): { world: ChainWorld; expected: string } {
  const callsTool = chain.includes("router");
  const world = new ChainWorld(createModel(breaks, callsTool), chain, disturbance, { retry });
  world.ask(callsTool ? "router" : "ask");
  return { world, expected: callsTool ? `Let me look. ${TEXT}` : TEXT };
}

const CALM: Disturbance = { seed: 1, delayed: 0, doubled: 0, dropped: 0, dropsEmpty: false };

describe("Any stream over any wires between our nodes", function () {
  this.timeout(120_000);

  it("is exact over wires that do nothing to it, whatever breaks and is repaired", () => {
    fc.assert(
      fc.property(anyChain, anyBreaks, anyRetry, (chain, breaks, retry) => {
        const { world, expected } = run(chain, chain.includes("retry") ? breaks : [], CALM, retry);
        assert.deepEqual(
          world.finished.map(({ payload }) => payload),
          [expected],
        );
        assert.deepEqual(world.unfinished, []);
      }),
      { numRuns: 300 },
    );
  });

  it("is exact, or an error with a beginning of it, whatever is delayed, doubled, reordered or dropped", () => {
    fc.assert(
      fc.property(anyChain, anyBreaks, anyRetry, anyDisturbance, (chain, breaks, retry, disturbance) => {
        const { world, expected } = run(chain, chain.includes("retry") ? breaks : [], disturbance, retry);
        assert.deepEqual(world.thrown, []);
        for (const { payload } of world.finished) assert.equal(payload, expected);
        for (const { payload, error } of world.unfinished) {
          assert.ok(error, "what is not whole has an error");
          assert.ok(expected.startsWith(String(payload)), `“${payload}” is not a beginning`);
        }
        assert.ok(world.finished.length <= 1 && world.unfinished.length <= 1);
        assert.ok(world.toolCalls <= 1 || disturbance.doubled > 0, "no tool runs twice");
        assert.equal(world.clock.timerCount, 0, "no timer is left");
        world.close();
      }),
      { numRuns: 1500 },
    );
  });

  it("arrives whole if nothing is dropped, however the rest is delayed and doubled", () => {
    fc.assert(
      fc.property(anyChain, anyBreaks, anyRetry, anyDisturbance, (chain, breaks, retry, disturbance) => {
        const kind = { ...disturbance, dropped: 0, dropsEmpty: false };
        const { world, expected } = run(chain, chain.includes("retry") ? breaks : [], kind, retry);
        const ends = [...world.finished, ...world.unfinished];
        assert.equal(ends.length, 1, "the stream has its one end");
        assert.equal(ends[0]!.payload, expected);
        assert.equal(world.finished.length, 1);
      }),
      { numRuns: 1000 },
    );
  });
});
