import assert from "node:assert/strict";
import fc from "fast-check";
import type { Chunk, Completion } from "../../../src/core/chat/chunk.js";
import type { FailureData } from "../../../src/core/failure.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { createFlowNode } from "../../support/flows/nodes.js";
import { createRetryFlow } from "../../support/flows/retry.js";
import { dropReset, groupByStream, joinPayloads } from "../../support/runtime/inbox.js";
import { useRuntime } from "../../support/runtime/use-runtime.js";
import { REFRAIN, TEXT, WORDS } from "../../support/services/answers.js";
import { BreakingService, FAULTS, type PlannedFault } from "../../support/services/breaking-service.js";
import { createChunk } from "../../support/services/scripted-service.js";
import { useService } from "../../support/services/use-service.js";
import { pause, waitUntil } from "../../support/waiting.js";

/** Timeouts in seconds after which a stalled answer fails. */
const SHORT_TIMEOUTS = { idleTimeout: 1.5, progressTimeout: 1.5, firstChunkTimeout: 1.5, headersTimeout: 20 };
const SERVICE = { maxConcurrent: 80, maxQueued: 1000, ...SHORT_TIMEOUTS };

/** Lists every fault at every place of an answer. */
function listSteps(words: readonly unknown[]): PlannedFault[] {
  return FAULTS.flatMap((kind) => [...words.keys(), words.length].map((after) => ({ kind, after })));
}

const STEPS: readonly PlannedFault[] = listSteps(WORDS);

const formatStep = ({ kind, after }: PlannedFault) => `${kind} after ${after}`;

const mapByName = (steps: readonly PlannedFault[]) =>
  new Map(steps.map((step) => [formatStep(step), [step]]));

/** Chunks that a model may send before its text. */
const OPENING: readonly Chunk[] = [
  createChunk({ role: "assistant", content: "" }),
  createChunk({ reasoning_content: "Let me see." }),
];

/** Asserts that a reader got one stream: in order, with one last message and at most one reset a break. */
function assertOneStream(messages: readonly Message[], name: string, breaks = 1): void {
  const resets = messages.filter((message) => message["reset"] === true).length;
  assert.ok(resets <= breaks, `${name}: at most one reset a break`);
  const kept = dropReset(messages);
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
    `${name}: only the last message has a count`,
  );
  assert.ok(messages.every((message) => resets > 0 || !("askedBy" in message)));
}

describe("Stream that breaks at a step", () => {
  const service = useService();
  const runtime = useRuntime();

  /** Asks one question a step, all at the same time, and waits for the ends. @returns the collected messages by name */
  async function breakAt(
    steps: ReadonlyMap<string, readonly PlannedFault[]>,
    model = new BreakingService(WORDS),
  ): Promise<Map<string, Message>> {
    for (const [name, breaks] of steps) model.faults.set(name, [...breaks]);
    service().script = model.script;
    for (const name of steps.keys()) runtime().inject("ask", { payload: name, topic: name });
    const getCollected = () => [...runtime().getMessages("finished"), ...runtime().getMessages("unfinished")];
    await waitUntil(() => getCollected().length >= steps.size, "all streams have ended");
    assert.equal(getCollected().length, steps.size);
    await waitUntil(() => service().openStreams === 0, "the service has no open request");
    return new Map(getCollected().map((message) => [String(message.topic), message]));
  }

  /** Asserts that the reader got one stream a question. @returns the streams */
  function assertOneStreamEach(count: number, breaks?: number): Message[][] {
    const streams = groupByStream(runtime().getMessages("out"));
    assert.equal(streams.length, count, "the reader gets one stream a question");
    for (const messages of streams) assertOneStream(messages, String(messages[0]!.topic), breaks);
    return streams;
  }

  const single = mapByName(STEPS);
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
    const model = new BreakingService(words);
    const { text } = model;
    const steps = mapByName(listSteps(words));
    it(`${policy}: is whole in the end after any fault at any place (${steps.size} runs of ${JSON.stringify(text)})`, async () => {
      await runtime().deploy(createRetryFlow(service().url, { retry: settings, service: SERVICE }));
      let requests = 0;
      for (const [name, { payload, stats, request, finishReason }] of await breakAt(steps, model)) {
        assert.equal(payload, text, name);
        assert.equal(finishReason, "stop", name);
        const { attempts, characters } = stats as { attempts: number; characters: number };
        // A quoted refrain may look like a repetition. Then the request starts over.
        const isDoubtful = words === REFRAIN && settings.continueBy !== "prefill";
        assert.ok(attempts === 2 || (isDoubtful && attempts === 3), name);
        requests += attempts;
        assert.equal(characters, text.length, name);
        assert.deepEqual((request as { messages: unknown }).messages, [{ role: "user", content: name }]);
      }
      assertOneStreamEach(steps.size);
      assert.equal(runtime().getMessages("unfinished").length, 0);
      assert.equal(runtime().getMessages("errors").length, 0);
      assert.equal(service().requests.length, requests);
    });
  }

  for (const [how, opening, stream] of [
    ["", [], {}],
    [" after reasoning", OPENING, {}],
    [" with one message a chunk", OPENING, { everyChunk: true }],
    [" with one message a read", OPENING, { everyChunk: true, mergeReads: true }],
  ] as const) {
    it(`continue: is whole if the model repeats its last words${how}`, async () => {
      await runtime().deploy(createRetryFlow(service().url, { stream, service: SERVICE }));
      const model = new BreakingService(WORDS);
      model.repeats = 16;
      model.opening = opening;
      for (const [name, { payload }] of await breakAt(single, model)) assert.equal(payload, TEXT, name);
      assertOneStreamEach(STEPS.length);
    });
  }

  it("start over: has the JSON object so far in partial, and the whole object in the end", async () => {
    const model = new BreakingService(['{"a"', ": [1", ", 2", "], ", '"b": "', 'Grüße"', "}"]);
    const steps = mapByName(listSteps([1, 2, 3, 4, 5, 6, 7]));
    const stream = { partial: true, responseFormat: "json_object" };
    await runtime().deploy(createRetryFlow(service().url, { stream, service: SERVICE }));
    await breakAt(steps, model);
    for (const messages of assertOneStreamEach(steps.size)) {
      const seen = dropReset(messages).flatMap(({ partial }) => (partial === undefined ? [] : [partial]));
      assert.deepEqual(seen.at(-1), { a: [1, 2], b: "Grüße" });
    }
  });

  for (const afterText of ["continue", "restart"]) {
    // Each stream stalls in its first or its second request, each at another place.
    const stalling = new Map<string, PlannedFault[]>();
    for (const after of [...WORDS.keys()]) {
      for (const broken of [...WORDS.keys()].filter((at) => at + after < WORDS.length)) {
        const breaks: PlannedFault[] = [
          { kind: "close", after: broken },
          { kind: "stall", after },
        ];
        stalling.set(breaks.map(formatStep).join(", "), breaks);
      }
      const first: PlannedFault = { kind: "stall", after };
      stalling.set(formatStep(first), [first]);
    }
    const settings = { maxConcurrent: 100 };

    /** Asks the questions and waits until all answers stall. @returns the number of requests */
    async function stallAll(): Promise<number> {
      const model = new BreakingService(WORDS);
      for (const [name, breaks] of stalling) model.faults.set(name, [...breaks]);
      service().script = model.script;
      for (const name of stalling.keys()) runtime().inject("ask", { payload: name, topic: name });
      await waitUntil(() => model.stalledCount === stalling.size, "all answers stall");
      return service().requests.length;
    }

    it(`${afterText}: ends once with a prefix of the text if it is cancelled at any step (${stalling.size} runs)`, async () => {
      await runtime().deploy(createRetryFlow(service().url, { retry: { afterText }, service: settings }));
      const requests = await stallAll();
      runtime().inject("retry", { cancel: true });
      await runtime().waitForEnds("out", stalling.size);
      for (const messages of assertOneStreamEach(stalling.size)) {
        assert.equal(messages.at(-1)!.finishReason, "cancelled");
        assert.ok(TEXT.startsWith(joinPayloads(dropReset(messages))), String(messages[0]!.topic));
      }
      await waitUntil(() => service().openStreams === 0, "the service has no open request");
      assert.equal(runtime().getMessages("finished").length, 0);
      assert.equal(runtime().getMessages("errors").length, 0);
      assert.equal(service().requests.length, requests, "no further request is sent");
    });

    it(`${afterText}: ends without a message if everything is deployed at any step (${stalling.size} runs)`, async () => {
      const flow = createRetryFlow(service().url, { retry: { afterText }, service: settings });
      await runtime().deploy(flow);
      const requests = await stallAll();
      await runtime().deploy(flow, "full");
      const arrived = runtime().arrivals.size;
      await waitUntil(() => service().openStreams === 0, "the service has no open request");
      await pause(40);
      assert.equal(runtime().arrivals.size, arrived, "no message comes after the deploy");
      for (const messages of groupByStream(runtime().getMessages("out"))) {
        assert.ok(!messages.some(({ complete }) => complete));
        assert.ok(TEXT.startsWith(joinPayloads(dropReset(messages))), String(messages[0]!.topic));
      }
      assert.equal(service().requests.length, requests, "no further request is sent");
    });
  }

  for (const afterText of ["continue", "restart"]) {
    it(`${afterText}: is whole with delta-buffers before and behind the retry node`, async () => {
      const createBuffer = (id: string, to: string) =>
        createFlowNode("delta-buffer", id, [to], { characters: 7 });
      await runtime().deploy([
        ...createRetryFlow(service().url, {
          stream: { wires: [["before"]] },
          retry: { afterText, wires: [["behind"], ["ask"], []] },
          service: SERVICE,
        }),
        createBuffer("before", "retry"),
        { ...createBuffer("behind", "out"), wires: [["out", "collect"]] },
      ]);
      for (const [name, { payload }] of await breakAt(single)) assert.equal(payload, TEXT, name);
      assertOneStreamEach(STEPS.length);
    });
  }

  for (const afterText of ["continue", "restart"]) {
    it(`${afterText}: is the same response with reasoning and tool calls, wherever it breaks`, async () => {
      const createCallChunk = (index: number, id: string | undefined, text: string) =>
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
        ...[
          createCallChunk(0, "call_1", "{"),
          createCallChunk(0, undefined, '"at":1}'),
          createCallChunk(1, "call_2", "{}"),
        ],
      ];
      const steps = new Map<string, PlannedFault[]>([["not at all", []]]);
      for (const kind of FAULTS)
        for (const after of pieces.keys()) steps.set(formatStep({ kind, after }), [{ kind, after }]);
      await runtime().deploy(createRetryFlow(service().url, { retry: { afterText }, service: SERVICE }));
      const collected = await breakAt(steps, new BreakingService(pieces));
      const getMessage = (name: string) =>
        (collected.get(name)!["response"] as Completion).choices[0]!.message;
      const whole = getMessage("not at all");
      assert.equal(whole.reasoning_content, "The user wants it.");
      assert.equal(whole.tool_calls?.length, 2);
      for (const name of steps.keys()) assert.deepEqual(getMessage(name), whole, name);
      assertOneStreamEach(steps.size);
    });
  }

  it("stop: is the exact text before the fault, or whole if the fault came before any text", async () => {
    await runtime().deploy(
      createRetryFlow(service().url, { retry: { afterText: "stop" }, service: SERVICE }),
    );
    const collected = await breakAt(single);
    assertOneStreamEach(STEPS.length);
    for (const step of STEPS) {
      const name = formatStep(step);
      const { payload, error } = collected.get(name)!;
      // A reset may discard the last words on their way.
      if (step.kind === "reset") assert.ok(TEXT.startsWith(payload as string), name);
      else assert.equal(payload, step.after === 0 ? TEXT : WORDS.slice(0, step.after).join(""), name);
      if (step.after > 0) assert.equal((error as FailureData).partial, payload, name);
    }
    const broken = STEPS.filter(({ after }) => after > 0).length;
    assert.equal(runtime().getMessages("unfinished").length, broken);
    await waitUntil(() => runtime().getMessages("errors").length === broken, "each failure is reported once");
  });

  for (const policy of ["continue", "restart"]) {
    it(`${policy}: is whole after several faults in a row if an attempt is left`, async () => {
      const breaks = fc.array(fc.record({ kind: fc.constantFrom(...FAULTS), after: fc.nat(WORDS.length) }), {
        minLength: 1,
        maxLength: 4,
      });
      const sequences = fc.sample(breaks, { numRuns: 120, seed: 4 });
      const steps = new Map(
        sequences.map((sequence, nth) => [`${nth}: ${sequence.map(formatStep).join(", ")}`, sequence]),
      );
      await runtime().deploy(
        createRetryFlow(service().url, { retry: { afterText: policy, attempts: 5 }, service: SERVICE }),
      );
      for (const [name, { payload }] of await breakAt(steps)) assert.equal(payload, TEXT, name);
      assertOneStreamEach(steps.size, 4);
      assert.equal(runtime().getMessages("finished").length, steps.size);
      assert.equal(runtime().getMessages("errors").length, 0);
    });
  }
});
