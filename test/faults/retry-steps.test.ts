import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk, Completion } from "../../src/core/chat/chunk.js";
import type { FailureData } from "../../src/core/failure.js";
import type { Message } from "../../src/node-red/red/api.js";
import { node } from "../support/runtime/flows.js";
import { eventually, pause, streamsOf, textOf } from "../support/runtime/inbox.js";
import { retryFlow } from "../support/runtime/retry-flow.js";
import { useRuntime } from "../support/runtime/use-runtime.js";
import { REFRAIN, TEXT, WORDS } from "../support/services/answers.js";
import { BreakingService, FAULTS, type PlannedFault } from "../support/services/breaking-service.js";
import { createChunk } from "../support/services/scripted-service.js";
import { useService } from "../support/services/use-service.js";

/** Silence after which a stalled answer is given up, in seconds. */
const PATIENCE = { idleTimeout: 0.4, progressTimeout: 0.4, firstChunkTimeout: 0.4, headersTimeout: 5 };
const SERVICE = { maxConcurrent: 80, maxQueued: 1000, ...PATIENCE };

/** Every fault at every place of an answer. */
function stepsOf(words: readonly unknown[]): PlannedFault[] {
  return FAULTS.flatMap((kind) => [...words.keys(), words.length].map((after) => ({ kind, after })));
}

const STEPS: readonly PlannedFault[] = stepsOf(WORDS);

const nameOf = ({ kind, after }: PlannedFault) => `${kind} after ${after}`;

const byName = (steps: readonly PlannedFault[]) => new Map(steps.map((step) => [nameOf(step), [step]]));

/** What a model may send before it says anything. */
const OPENING: readonly Chunk[] = [
  createChunk({ role: "assistant", content: "" }),
  createChunk({ reasoning_content: "Let me see." }),
];

/** What a reader has in the end: nothing of before the last new beginning. */
function keptOf(messages: readonly Message[]): readonly Message[] {
  return messages.slice(messages.findLastIndex((message) => message["reset"] === true) + 1);
}

/** The messages of one stream as its reader gets them: in their places, with one end. */
function assertOneStream(messages: readonly Message[], name: string, breaks = 1): void {
  const resets = messages.filter((message) => message["reset"] === true).length;
  assert.ok(resets <= breaks, `${name}: one reset at most for each new beginning`);
  const kept = keptOf(messages);
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
  assert.deepEqual(
    messages.flatMap(({ parts }) => parts!.count ?? []),
    [kept.length],
    `${name}: the last message alone says how many there are`,
  );
  assert.ok(messages.every((message) => resets > 0 || !("askedBy" in message)));
}

describe("A stream that breaks at the n-th step", function () {
  this.timeout(60_000);
  const service = useService();
  const runtime = useRuntime();

  /** Asks a question for each step, all at the same time, and waits for their ends. @returns what collect made of each */
  async function breakAt(
    steps: ReadonlyMap<string, readonly PlannedFault[]>,
    answering = new BreakingService(WORDS),
  ): Promise<Map<string, Message>> {
    for (const [name, breaks] of steps) answering.faults.set(name, [...breaks]);
    service().script = answering.script;
    for (const name of steps.keys()) runtime().inject("ask", { payload: name, topic: name });
    const collected = () => [...runtime().at("finished"), ...runtime().at("unfinished")];
    await eventually(() => collected().length >= steps.size, "all streams have ended");
    assert.equal(collected().length, steps.size);
    await eventually(() => service().openStreams === 0, "the service is done");
    return new Map(collected().map((message) => [String(message.topic), message]));
  }

  /** @returns the reader's streams */
  function assertOneStreamEach(count: number, breaks?: number): Message[][] {
    const streams = streamsOf(runtime().at("out"));
    assert.equal(streams.length, count, "the reader sees one stream for each question");
    for (const messages of streams) assertOneStream(messages, String(messages[0]!.topic), breaks);
    return streams;
  }

  const single = byName(STEPS);
  const PREFILL = { afterText: "continue", continueBy: "prefill" };

  for (const [policy, settings, words] of [
    ["continue", { afterText: "continue" }, WORDS],
    ["continue", { afterText: "continue" }, REFRAIN],
    ["continue by quoting", { afterText: "continue", continueBy: "quote" }, WORDS],
    ["continue by prefill", PREFILL, WORDS],
    ["continue by prefill", PREFILL, REFRAIN],
    [
      "continue by prefill",
      PREFILL,
      ["We will", " rock you", "\n", "We will", " rock you", "\n", "Sing it!"],
    ],
    ["start over", { afterText: "restart" }, WORDS],
    ["start over", { afterText: "restart" }, REFRAIN],
  ] as const) {
    const answering = new BreakingService(words);
    const { text } = answering;
    const steps = byName(stepsOf(words));
    it(`${policy}: is whole in the end, whatever the fault and wherever it strikes (${steps.size} runs of ${JSON.stringify(text)})`, async () => {
      await runtime().deploy(retryFlow(service().url, { retry: settings, service: SERVICE }));
      let requests = 0;
      for (const [name, { payload, stats, request, finishReason }] of await breakAt(steps, answering)) {
        assert.equal(payload, text, name);
        assert.equal(finishReason, "stop", name);
        const { attempts, characters } = stats as { attempts: number; characters: number };
        // A quoted refrain may be a repetition: then the answer is asked for from its beginning.
        const isDoubtful = words === REFRAIN && settings.continueBy !== "prefill";
        assert.ok(attempts === 2 || (isDoubtful && attempts === 3), name);
        requests += attempts;
        assert.equal(characters, text.length, name);
        assert.deepEqual((request as { messages: unknown }).messages, [{ role: "user", content: name }]);
      }
      assertOneStreamEach(steps.size);
      assert.equal(runtime().at("unfinished").length, 0);
      assert.equal(runtime().at("errors").length, 0);
      assert.equal(service().requests.length, requests);
    });
  }

  for (const [how, opening, stream] of [
    ["", [], {}],
    [" and reasons before", OPENING, {}],
    [" and each of its chunks is a message", OPENING, { everyChunk: true }],
    [" and what comes together makes one message", OPENING, { everyChunk: true, mergeReads: true }],
  ] as const) {
    it(`continue: is whole though the model repeats its last words${how}`, async () => {
      await runtime().deploy(retryFlow(service().url, { stream, service: SERVICE }));
      const answering = new BreakingService(WORDS);
      answering.repeats = 16;
      answering.opening = opening;
      for (const [name, { payload }] of await breakAt(single, answering)) assert.equal(payload, TEXT, name);
      assertOneStreamEach(STEPS.length);
    });
  }

  it("start over: shows the object that it stands for as far as it is, and whole in the end", async () => {
    const answering = new BreakingService(['{"a"', ": [1", ", 2", "], ", '"b": "', 'Grüße"', "}"]);
    const steps = byName(stepsOf([1, 2, 3, 4, 5, 6, 7]));
    const stream = { partial: true, responseFormat: "json_object" };
    await runtime().deploy(retryFlow(service().url, { stream, service: SERVICE }));
    await breakAt(steps, answering);
    for (const messages of assertOneStreamEach(steps.size)) {
      const seen = keptOf(messages).flatMap(({ partial }) => (partial === undefined ? [] : [partial]));
      assert.deepEqual(seen.at(-1), { a: [1, 2], b: "Grüße" });
    }
  });

  for (const afterText of ["continue", "restart"]) {
    // Each stream hangs in its first or its second request, at another place.
    const hanging = new Map<string, PlannedFault[]>();
    for (const after of [...WORDS.keys()]) {
      for (const broken of [...WORDS.keys()].filter((at) => at + after < WORDS.length)) {
        const breaks: PlannedFault[] = [
          { kind: "close", after: broken },
          { kind: "stall", after },
        ];
        hanging.set(breaks.map(nameOf).join(", "), breaks);
      }
      const first: PlannedFault = { kind: "stall", after };
      hanging.set(nameOf(first), [first]);
    }
    const patient = { maxConcurrent: 100 };

    /** Asks for them, and has them all hang. @returns how many requests that took */
    async function hang(): Promise<number> {
      const answering = new BreakingService(WORDS);
      for (const [name, breaks] of hanging) answering.faults.set(name, [...breaks]);
      service().script = answering.script;
      for (const name of hanging.keys()) runtime().inject("ask", { payload: name, topic: name });
      await eventually(() => answering.stalledCount === hanging.size, "all of them hang");
      return service().requests.length;
    }

    it(`${afterText}: ends once, with a beginning of the answer, where it is cancelled at any step (${hanging.size} runs)`, async () => {
      await runtime().deploy(retryFlow(service().url, { retry: { afterText }, service: patient }));
      const requests = await hang();
      runtime().inject("retry", { cancel: true });
      await runtime().ends("out", hanging.size);
      for (const messages of assertOneStreamEach(hanging.size)) {
        assert.equal(messages.at(-1)!.finishReason, "cancelled");
        assert.ok(TEXT.startsWith(textOf(keptOf(messages))), String(messages[0]!.topic));
      }
      await eventually(() => service().openStreams === 0, "the service is done");
      assert.equal(runtime().at("finished").length, 0);
      assert.equal(runtime().at("errors").length, 0);
      assert.equal(service().requests.length, requests, "nothing is asked again");
    });

    it(`${afterText}: ends without a word where everything is deployed anew at any step (${hanging.size} runs)`, async () => {
      const flow = retryFlow(service().url, { retry: { afterText }, service: patient });
      await runtime().deploy(flow);
      const requests = await hang();
      await runtime().deploy(flow, "full");
      const arrived = runtime().arrivals.size;
      await eventually(() => service().openStreams === 0, "the service is done");
      await pause(40);
      assert.equal(runtime().arrivals.size, arrived, "nothing comes any more");
      for (const messages of streamsOf(runtime().at("out"))) {
        assert.ok(!messages.some(({ complete }) => complete));
        assert.ok(TEXT.startsWith(textOf(keptOf(messages))), String(messages[0]!.topic));
      }
      assert.equal(service().requests.length, requests, "nothing is asked again");
    });
  }

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
        createChunk({
          tool_calls: [
            {
              index,
              ...(id ? { id, type: "function" } : {}),
              function: { name: id ? "look" : "", arguments: text },
            },
          ],
        });
      const pieces = [
        createChunk({ reasoning_content: "The user" }),
        createChunk({ reasoning_content: " wants it." }),
        ...["Let", " me", " look."],
        ...[call(0, "call_1", "{"), call(0, undefined, '"at":1}'), call(1, "call_2", "{}")],
      ];
      const steps = new Map<string, PlannedFault[]>([["not at all", []]]);
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
      assertOneStreamEach(steps.size, 4);
      assert.equal(runtime().at("finished").length, steps.size);
      assert.equal(runtime().at("errors").length, 0);
    });
  }
});
