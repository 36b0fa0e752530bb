import assert from "node:assert/strict";
import fc from "fast-check";
import type { Completion } from "../../../src/core/chat/chunk.js";
import { CompletionMachine } from "../../../src/core/chat/completion.js";
import { collectToolNames } from "../../../src/core/tools/name.js";
import { type Answer, anyAnswer, buildResponsesEvents } from "../../support/inputs/any-dialect.js";
import { anyPieceLengths } from "../../support/inputs/cutting.js";
import { decode, type SinkCall } from "../../support/inputs/replay.js";
import {
  buildEnd,
  buildEvent,
  buildMessageEvents,
  buildStream,
  START,
  type WireEvent,
} from "../../support/services/responses-records.js";

/** What a service leaves out or sends twice. The numbers are used in a circle, one for each event. */
interface Habits {
  fates: readonly ("keep" | "drop" | "repeat")[];
  /** How many deltas are missing at the end of each text. */
  missingDeltas: number;
  omitted: readonly string[];
  rotatesIds: boolean;
  /** Whether all items have the same index. */
  sharesIndex: boolean;
  /** Whether the whole items come together at the end. */
  endsLate: boolean;
}

const anyHabits: fc.Arbitrary<Habits> = fc.record({
  fates: fc.array(fc.constantFrom("keep", "drop", "repeat"), { minLength: 1, maxLength: 12 }),
  missingDeltas: fc.nat(3),
  omitted: fc.subarray(["sequence_number", "item_id", "output_index", "content_index", "summary_index"]),
  rotatesIds: fc.boolean(),
  sharesIndex: fc.boolean(),
  endsLate: fc.boolean(),
});

const isDelta = ({ type }: WireEvent) => String(type).endsWith(".delta");
const isLasting = ({ type }: WireEvent) =>
  type === "response.output_item.done" || type === "response.completed" || type === "response.incomplete";

/** Puts whole items before the end of the stream. Calls stay, because their order is that of their beginnings. */
function putLast(events: readonly WireEvent[]): WireEvent[] {
  const isWhole = ({ type, item }: WireEvent) =>
    type === "response.output_item.done" && (item as WireEvent)["type"] !== "function_call";
  const others = events.filter((event) => !isWhole(event));
  return [...others.slice(0, -1), ...events.filter(isWhole), ...others.slice(-1)];
}

/** Changes a stream as a service with these habits sends it. The whole items stay, so that nothing gets lost. */
function applyHabits(
  events: readonly WireEvent[],
  { fates, missingDeltas, omitted, rotatesIds, sharesIndex, endsLate }: Habits,
): WireEvent[] {
  // Something has to say which item an event belongs to while several are open.
  const isLate = endsLate && !sharesIndex && !rotatesIds && !omitted.includes("output_index");
  const kept = (isLate ? putLast(events) : events).flatMap((event, number): WireEvent[] => {
    if (isDelta(event)) {
      const isLast = events.slice(number + 1, number + 1 + missingDeltas).some((next) => !isDelta(next));
      return isLast ? [] : [event];
    }
    const fate = fates[number % fates.length];
    if (fate === "drop" && !isLasting(event)) return [];
    return fate === "repeat" && !String(event["type"]).endsWith("ed") ? [event, event] : [event];
  });
  return kept.map((event, number) => {
    const changed = { ...event };
    if (sharesIndex && "output_index" in changed) changed["output_index"] = 0;
    if (rotatesIds && "item_id" in changed) changed["item_id"] = `id_${number}`;
    for (const field of omitted) delete changed[field];
    return changed;
  });
}

function assemble(calls: readonly SinkCall[]): Completion {
  const machine = new CompletionMachine();
  for (const call of calls) {
    assert.ok(!("failure" in call), JSON.stringify(call));
    if ("chunk" in call) machine.addChunk(call.chunk);
    else if ("text" in call) machine.addText(call.text);
  }
  return machine.buildCompletion("s");
}

function readAnswer(answer: Answer, events: readonly WireEvent[], everyChunk = false): Completion {
  return assemble(decode(events, { toolNames: answer.calls.map(({ name }) => name), everyChunk }));
}

describe("Reader of Responses", () => {
  it("reads the same answer whatever a service leaves out, repeats or renames", () => {
    fc.assert(
      fc.property(anyAnswer, anyPieceLengths, anyHabits, (answer, lengths, habits) => {
        const events = buildResponsesEvents(answer, lengths);
        const expected = readAnswer(answer, events);
        assert.deepEqual(readAnswer(answer, applyHabits(events, habits)), expected);
      }),
      { numRuns: 1_000 },
    );
  });

  it("reads records by a template exactly as it parses them", () => {
    let templateCount = 0;
    fc.assert(
      fc.property(anyAnswer, anyPieceLengths, fc.boolean(), (answer, lengths, isPadded) => {
        const events = buildResponsesEvents(answer, lengths).map((event, at) =>
          isPadded && isDelta(event) ? { ...event, obfuscation: "x".repeat(at % 5) } : event,
        );
        const options = { toolNames: answer.calls.map(({ name }) => name) };
        templateCount += decode(events, options).filter(
          (call) => "text" in call && !("chunk" in call),
        ).length;
        assert.deepEqual(readAnswer(answer, events), readAnswer(answer, events, true));
      }),
      { numRuns: 300 },
    );
    assert.ok(templateCount > 100, `only ${templateCount} texts`);
  });

  it("does not parse deltas that differ from the one before only in their text", () => {
    const events = buildStream(buildMessageEvents(["a", "b", "c", "d"])).map((event) =>
      JSON.stringify(event),
    );
    const { parse } = JSON;
    let parsed = 0;
    JSON.parse = (...args: Parameters<typeof parse>) => {
      parsed++;
      return parse(...args) as unknown;
    };
    try {
      decode(events);
    } finally {
      JSON.parse = parse;
    }
    // Each record but two deltas. The second one shows that the numbers vary.
    assert.equal(parsed, events.length - 2);
  });

  it("reads calls of custom tools in a namespace, and which program has called", () => {
    const caller = { type: "program", caller_id: "p1" };
    const tools = [{ type: "namespace", name: "crm", tools: [{ type: "custom", name: "sql" }] }];
    const item = {
      id: "ct_1",
      type: "custom_tool_call",
      call_id: "c1",
      name: "sql",
      namespace: "crm",
      caller,
    };
    const machine = new CompletionMachine();
    const events = buildStream([
      buildEvent("output_item.added", { output_index: 0, item: { ...item, input: "" } }),
      buildEvent("custom_tool_call_input.delta", { output_index: 0, item_id: "ct_1", delta: "select" }),
      buildEvent("output_item.done", { output_index: 0, item: { ...item, input: "select" } }),
    ]);
    const toolNames = collectToolNames({ model: "m", messages: [], tools });
    for (const sent of decode(events, { toolNames })) if ("chunk" in sent) machine.addChunk(sent.chunk!);
    assert.deepEqual(machine.buildCompletion("s").choices[0]!.message.tool_calls, [
      { id: "c1", type: "custom", namespace: "crm", caller, custom: { name: "sql", input: "select" } },
    ]);
  });

  it("passes on what moderation, the cache and the service's own tools report about the answer", () => {
    const report = {
      moderation: { input: { type: "error", code: "x", message: "Not now." }, output: { flagged: false } },
      prompt_cache_diagnostics: { type: "cache_hit" },
      tool_usage: { web_search: { num_requests: 2 } },
    };
    const calls = decode([...START, buildEnd([], report)]);
    const chunks = calls.flatMap((sent) => ("chunk" in sent ? [sent.chunk!] : []));
    for (const [field, value] of Object.entries(report)) assert.deepEqual(chunks.at(-1)![field], value);
  });

  it("gives a drawing in SVG its media type", () => {
    const item = { id: "ig_1", type: "image_generation_call", output_format: "svg", result: "PHN2Zz4=" };
    const events = buildStream([buildEvent("output_item.done", { output_index: 0, item })]);
    const image = decode(events).flatMap((sent) =>
      "chunk" in sent ? (sent.chunk!.choices[0]?.delta.images ?? []) : [],
    );
    assert.deepEqual(image, [
      { type: "image_url", image_url: { url: "data:image/svg+xml;base64,PHN2Zz4=" } },
    ]);
  });

  it("fails with limit on more items than an answer can have", () => {
    const events = Array.from({ length: 4_097 }, (_, output_index) =>
      buildEvent("output_item.done", { output_index, item: { type: "odd", id: `i_${output_index}` } }),
    );
    const failure = decode(events).find((call) => "failure" in call);
    assert.equal((failure?.failure as { code?: string } | undefined)?.code, "limit");
  });
});
