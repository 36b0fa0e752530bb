import assert from "node:assert/strict";
import fc from "fast-check";
import type { Completion } from "../../src/core/chunk.js";
import type { FailureData } from "../../src/core/failure.js";
import type { Message } from "../../src/node-red/red.js";
import { TEXT, WORDS } from "../support/answers.js";
import { type Break, BreakingService, FAULTS } from "../support/breaking-service.js";
import { node } from "../support/flows.js";
import { eventually, streamsOf } from "../support/inbox.js";
import { retryFlow } from "../support/retry-flow.js";
import { piece } from "../support/scripted-service.js";
import { useService } from "../support/service.js";
import { useRuntime } from "../support/use-runtime.js";

/** Silence after which a stalled answer is given up, in seconds. */
const PATIENCE = { idleTimeout: 0.4, progressTimeout: 0.4, firstChunkTimeout: 0.4, headersTimeout: 5 };
const SERVICE = { maxConcurrent: 80, maxQueued: 1000, ...PATIENCE };

/** Every fault at every place. */
const STEPS: readonly Break[] = FAULTS.flatMap((kind) =>
  [...WORDS.keys(), WORDS.length].map((after) => ({ kind, after })),
);

const nameOf = ({ kind, after }: Break) => `${kind} after ${after}`;

/** The messages of one stream as its reader has them in the end: in their places, and none but the last of a new beginning. */
function assertOneStream(messages: readonly Message[], name: string): void {
  const reset = messages.findIndex((message) => message["reset"] === true);
  assert.ok(messages.filter((message) => message["reset"]).length <= 1, `${name}: one reset at most`);
  const kept = messages.slice(reset + 1);
  assert.deepEqual(
    kept.map(({ parts }) => parts!.index),
    [...kept.keys()],
    name,
  );
  assert.deepEqual(
    messages.flatMap(({ complete }, at) => (complete ? [at] : [])),
    [messages.length - 1],
    `${name}: one last message, at the end`,
  );
  assert.equal(kept.at(-1)!.parts!.count, kept.length, name);
  assert.ok(messages.every((message) => reset !== -1 || !("retry" in message)));
}

describe("A stream that breaks at the n-th step", function () {
  this.timeout(60_000);
  const service = useService();
  const runtime = useRuntime();

  /** Asks a question for each step, all at the same time, and waits for their ends. @returns what collect made of each */
  async function breakAt(
    steps: ReadonlyMap<string, readonly Break[]>,
    answering = new BreakingService(WORDS),
  ): Promise<Map<string, Message>> {
    for (const [name, breaks] of steps) answering.faults.set(name, [...breaks]);
    service().script = answering.script;
    for (const name of steps.keys()) runtime().inject("ask", { payload: name, topic: name });
    const collected = () => [...runtime().at("finished"), ...runtime().at("unfinished")];
    await eventually(() => collected().length >= steps.size, "all streams have ended");
    assert.equal(collected().length, steps.size);
    await eventually(() => service().streaming === 0, "the service is done");
    return new Map(collected().map((message) => [String(message.topic), message]));
  }

  function assertOneStreamEach(count: number): void {
    const streams = streamsOf(runtime().at("out"));
    assert.equal(streams.length, count, "the reader sees one stream for each question");
    for (const messages of streams) assertOneStream(messages, String(messages[0]!.topic));
  }

  const single = new Map(STEPS.map((step) => [nameOf(step), [step]]));

  for (const [policy, settings] of [
    ["continue", { afterText: "continue" }],
    ["continue by quoting", { afterText: "continue", continueBy: "quote" }],
    ["continue by prefill", { afterText: "continue", continueBy: "prefill" }],
    ["start over", { afterText: "restart" }],
  ] as const) {
    it(`${policy}: is whole in the end, whatever the fault and wherever it strikes (${STEPS.length} runs)`, async () => {
      await runtime().deploy(retryFlow(service().url, { retry: settings, service: SERVICE }));
      for (const [name, { payload, stats, request }] of await breakAt(single)) {
        assert.equal(payload, TEXT, name);
        const { attempts, characters } = stats as { attempts: number; characters: number };
        assert.equal(attempts, 2, name);
        assert.equal(characters, TEXT.length, name);
        assert.deepEqual((request as { messages: unknown }).messages, [{ role: "user", content: name }]);
      }
      assertOneStreamEach(STEPS.length);
      assert.equal(runtime().at("unfinished").length, 0);
      assert.equal(runtime().at("errors").length, 0);
      assert.equal(service().requests.length, 2 * STEPS.length);
    });
  }

  it("continue: is whole though the model repeats its last words", async () => {
    await runtime().deploy(retryFlow(service().url, { service: SERVICE }));
    const answering = new BreakingService(WORDS);
    answering.repeats = 16;
    for (const [name, { payload }] of await breakAt(single, answering)) assert.equal(payload, TEXT, name);
  });

  for (const afterText of ["continue", "restart"]) {
    it(`${afterText}: is whole though buffers before and behind it cut it in other pieces`, async () => {
      const buffer = (id: string, to: string) => node("delta-buffer", id, [to], { characters: 7 });
      await runtime().deploy([
        ...retryFlow(service().url, {
          stream: { wires: [["before"]] },
          retry: { afterText, wires: [["behind"], ["ask"], []] },
          service: SERVICE,
        }),
        buffer("before", "retry"),
        { ...buffer("behind", "out"), wires: [["out", "collect"]] },
      ]);
      for (const [name, { payload }] of await breakAt(single)) assert.equal(payload, TEXT, name);
      assertOneStreamEach(STEPS.length);
    });
  }

  for (const afterText of ["continue", "restart"]) {
    it(`${afterText}: is the same response with reasoning and tool calls, wherever it breaks`, async () => {
      const call = (index: number, id: string | undefined, text: string) =>
        piece({
          tool_calls: [
            {
              index,
              ...(id ? { id, type: "function" } : {}),
              function: { name: id ? "look" : "", arguments: text },
            },
          ],
        });
      const pieces = [
        piece({ reasoning_content: "The user" }),
        piece({ reasoning_content: " wants it." }),
        ...["Let", " me", " look."],
        ...[call(0, "call_1", "{"), call(0, undefined, '"at":1}'), call(1, "call_2", "{}")],
      ];
      const steps = new Map<string, Break[]>([["not at all", []]]);
      for (const kind of FAULTS)
        for (const after of pieces.keys()) steps.set(nameOf({ kind, after }), [{ kind, after }]);
      await runtime().deploy(retryFlow(service().url, { retry: { afterText }, service: SERVICE }));
      const collected = await breakAt(steps, new BreakingService(pieces));
      const messageOf = (name: string) =>
        (collected.get(name)!["response"] as Completion).choices[0]!.message;
      const whole = messageOf("not at all");
      assert.equal(whole.reasoning_content, "The user wants it.");
      assert.equal(whole.tool_calls?.length, 2);
      for (const name of steps.keys()) assert.deepEqual(messageOf(name), whole, name);
      assertOneStreamEach(steps.size);
    });
  }

  it("stop: is what came before, exactly, or whole where nothing had come", async () => {
    await runtime().deploy(retryFlow(service().url, { retry: { afterText: "stop" }, service: SERVICE }));
    const collected = await breakAt(single);
    assertOneStreamEach(STEPS.length);
    for (const step of STEPS) {
      const name = nameOf(step);
      const { payload, error } = collected.get(name)!;
      // A reset may overtake the last words on the wire.
      if (step.kind === "reset") assert.ok(TEXT.startsWith(payload as string), name);
      else assert.equal(payload, step.after === 0 ? TEXT : WORDS.slice(0, step.after).join(""), name);
      if (step.after > 0) assert.equal((error as FailureData).partial, payload, name);
    }
    const broken = STEPS.filter(({ after }) => after > 0).length;
    assert.equal(runtime().at("unfinished").length, broken);
    await eventually(() => runtime().at("errors").length === broken, "each is reported once");
  });

  for (const policy of ["continue", "restart"]) {
    it(`${policy}: is whole after any faults in a row that leave an attempt`, async () => {
      const breaks = fc.array(fc.record({ kind: fc.constantFrom(...FAULTS), after: fc.nat(WORDS.length) }), {
        minLength: 1,
        maxLength: 4,
      });
      const sequences = fc.sample(breaks, { numRuns: 120, seed: 4 });
      const steps = new Map(
        sequences.map((sequence, nth) => [`${nth}: ${sequence.map(nameOf).join(", ")}`, sequence]),
      );
      await runtime().deploy(
        retryFlow(service().url, { retry: { afterText: policy, attempts: 5 }, service: SERVICE }),
      );
      for (const [name, { payload }] of await breakAt(steps)) assert.equal(payload, TEXT, name);
      assert.equal(runtime().at("finished").length, steps.size);
      assert.equal(runtime().at("errors").length, 0);
    });
  }
});
