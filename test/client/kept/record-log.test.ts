import assert from "node:assert/strict";
import fc from "fast-check";
import { RecordLog } from "../../../src/client/kept/record-log.js";
import { measureHeldBytes } from "../../support/held-bytes.js";
import { anyAnswer, buildResponsesEvents } from "../../support/inputs/any-dialect.js";
import { anyPieceLengths } from "../../support/inputs/cutting.js";
import { decode } from "../../support/inputs/replay.js";
import { buildMessageEvents, buildStream, type WireEvent } from "../../support/services/responses-records.js";

/** Mixes the events of an answer's items, as services do that make them at the same time. */
function mixItems(events: readonly WireEvent[], picks: readonly number[]): WireEvent[] {
  const inItems = events.filter((event) => "output_index" in event);
  const indices = [...new Set(inItems.map((event) => event["output_index"]))];
  const queues = indices.map((index) => inItems.filter((event) => event["output_index"] === index));
  const mixed = inItems.map((_, at) => {
    const open = queues.filter(({ length }) => length > 0);
    return open[picks[at % picks.length]! % open.length]!.shift()!;
  });
  const [created, inProgress] = events;
  return [created!, inProgress!, ...mixed, events.at(-1)!];
}

function readLog(events: readonly WireEvent[]): readonly string[] {
  const log = new RecordLog();
  for (const event of events) log.add(JSON.stringify(event));
  return log.read(events.length - 1)!.records;
}

describe("Log of the records of an answer", () => {
  it("lets the answer go on behind any record as if all records had been read", () => {
    fc.assert(
      fc.property(
        anyAnswer,
        anyPieceLengths,
        fc.array(fc.nat(5), { minLength: 1, maxLength: 9 }),
        fc.nat(1_000),
        (answer, lengths, picks, place) => {
          const events = mixItems(buildResponsesEvents(answer, lengths), picks);
          const cut = 1 + (place % (events.length - 1));
          const options = { toolNames: answer.calls.map(({ name }) => name), everyChunk: true };
          const logged = readLog(events.slice(0, cut));
          const rest = events.slice(cut);
          const added = (before: readonly unknown[]) =>
            decode([...before, ...rest], options).slice(decode(before, options).length);
          assert.deepEqual(added(logged), added(events.slice(0, cut)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("has one record for all deltas of a text", () => {
    const pieces = Array.from({ length: 200 }, (_, at) => `piece ${at} `);
    const events = buildStream(buildMessageEvents(pieces)).map((event, at) =>
      "delta" in event ? { ...event, obfuscation: "x".repeat(at % 7) } : event,
    );
    const logged = readLog(events);
    assert.equal(logged.length, events.length - pieces.length + 1);
    const deltas = logged.map((record) => (JSON.parse(record) as WireEvent)["delta"]).filter(Boolean);
    assert.deepEqual(deltas, [pieces.join("")]);
  });

  it("keeps each record with token probabilities", () => {
    const logprobs = [{ token: "a", logprob: -1, top_logprobs: [] }];
    const events = buildMessageEvents(["a", "a", "a"]).map((event) =>
      "delta" in event ? { ...event, logprobs } : event,
    );
    assert.equal(readLog(events).length, events.length);
  });

  it("leaves out what is no record", () => {
    const log = new RecordLog();
    for (const data of ["[DONE]", ": ping", "", '{"type":"response.created"}']) log.add(data);
    assert.deepEqual(log.read(0)?.records, ['{"type":"response.created"}']);
  });

  it("has a record that begins with white space, as JSON may", () => {
    const log = new RecordLog();
    log.add(' \n{"type":"response.created"}');
    assert.equal(log.read(0)?.records.length, 1);
  });

  it("can be read while more records come", () => {
    const log = new RecordLog();
    log.add('{"type":"response.created"}');
    const read = log.read(0)!;
    log.add('{"type":"response.completed"}');
    assert.equal(read.records.length, 1);
    assert.equal(log.read(1)?.records.length, 2);
  });

  it("gives up an answer of more than a mebibyte, however it goes on, and keeps nothing of it", () => {
    const log = new RecordLog();
    for (let at = 0; at < 20; at++) log.add(JSON.stringify({ type: `t${at}`, text: "x".repeat(64 * 1024) }));
    assert.ok(measureHeldBytes(log) < 1_000);
    log.add('{"type":"response.completed"}');
    assert.equal(log.read(20), undefined);
  });

  it("takes no more memory than the text if most of the records is not text", () => {
    const log = new RecordLog();
    const padding = "x".repeat(200);
    for (let at = 0; at < 10_000; at++)
      log.add(JSON.stringify({ type: "response.output_text.delta", delta: "word ", obfuscation: padding }));
    assert.ok(measureHeldBytes(log) < 512 * 1024, `${measureHeldBytes(log)} bytes`);
    assert.equal(log.read(10_000)?.records.length, 1);
  });
});
