import assert from "node:assert/strict";
import fc from "fast-check";
import { FIXTURES } from "../fixtures/index.js";
import { anyRecords } from "../support/inputs/arbitraries.js";
import { anyCuts, cutBuffer } from "../support/inputs/cutting.js";
import type { Fixture } from "../support/inputs/fixtures.js";
import { formatMultilineEvents } from "../support/inputs/openai-chunks.js";
import { play, readRecords, replay } from "../support/inputs/replay.js";
import {
  buildCallEvents,
  buildEvent,
  buildMessageEvents,
  buildReasoningEvents,
  buildStream,
  formatEvents,
} from "../support/services/responses-records.js";

/** A body up to this length is cut at every byte. The time that this takes grows with the square of the length. */
const MAX_SHORT_BYTES = 400;

/** In a longer body, only every seventh of the places is cut where a cut is like those beside it. */
const STRIDE_BYTES = 7;

/** Around the end of a line, every byte within this distance is cut. It is longer than any field's name. */
const NEAR_BYTES = 8;

/** Bodies that are not event streams. */
const OTHER_BODIES = FIXTURES.filter(({ contentType }) => contentType !== undefined);

describe("Stream whose bytes are cut into reads", () => {
  it("gives the same records if a fixture is cut in two, at every byte that could matter", () => {
    // The decoder gets nothing but records, so the same records are the same answer.
    for (const fixture of FIXTURES) {
      const { body, name, contentType } = fixture;
      const whole = JSON.stringify(readRecords([body], contentType));
      for (const at of findPlaces(fixture)) {
        const cut = JSON.stringify(readRecords([body.subarray(0, at), body.subarray(at)], contentType));
        if (cut !== whole) assert.equal(cut, whole, `${name}, cut at ${at}`);
      }
    }
  });

  it("gives the same records if a Responses stream with items of every kind is cut in two, at every byte", () => {
    const search = { id: "ws_1", type: "web_search_call", status: "completed", action: { query: "Köln" } };
    const body = formatEvents(
      buildStream([
        ...buildReasoningEvents(["Hm, ", "“gut”."], 0, { encrypted_content: "c2ln" }),
        buildEvent("output_item.done", { output_index: 1, item: search }),
        ...buildMessageEvents(["Grüße ", "aus 👋🏽"], 2, { phase: "commentary" }),
        ...buildCallEvents("c1", "f", ['{"a"', ':"日本"}'], 3),
      ]),
    );
    const whole = JSON.stringify(readRecords([body]));
    for (let at = 1; at < body.length; at++) {
      const cut = JSON.stringify(readRecords([body.subarray(0, at), body.subarray(at)]));
      if (cut !== whole) assert.equal(cut, whole, `cut at ${at}`);
    }
  });

  it("gives the same chunks if a fixture arrives byte by byte", () => {
    for (const fixture of FIXTURES) {
      const bytes = Array.from(fixture.body, (_byte, at) => fixture.body.subarray(at, at + 1));
      assert.equal(replayAsJson(fixture, bytes), replayAsJson(fixture, [fixture.body]), fixture.name);
    }
  });

  it("gives the same chunks if a fixture is cut anywhere", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FIXTURES), anyCuts, (fixture, cuts) => {
        assert.equal(
          replayAsJson(fixture, cutBuffer(fixture.body, cuts)),
          replayAsJson(fixture, [fixture.body]),
          fixture.name,
        );
      }),
      { numRuns: 1_500 },
    );
  });

  it("gives the same chunks if a random stream is cut anywhere", () => {
    fc.assert(
      fc.property(anyRecords, anyCuts, (records, cuts) => {
        const body = formatMultilineEvents(records);
        assert.deepEqual(replay(cutBuffer(body, cuts)), replay([body]));
      }),
      { numRuns: 150 },
    );
  });

  it("ends with the same messages and completion if a body that is not an event stream is cut anywhere", () => {
    fc.assert(
      fc.property(fc.constantFrom(...OTHER_BODIES), anyCuts, (fixture, cuts) => {
        const cut = playToEnd(fixture, cutBuffer(fixture.body, cuts));
        assert.deepEqual(cut, playToEnd(fixture, [fixture.body]), fixture.name);
      }),
      { numRuns: 500 },
    );
  });

  it("gives the same chunks if bytes that are not UTF-8 are cut anywhere", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), anyCuts, (bytes, cuts) => {
        const [before, after] = '{"choices":[{"delta":{"content":"#"}}]}'.split("#");
        // Without quotes and control characters the record remains valid JSON.
        const text = Buffer.from(bytes.map((byte) => (byte < 0x80 ? 0x41 : byte)));
        const body = Buffer.concat([Buffer.from(`data: ${before}`), text, Buffer.from(`${after}\n\n`)]);
        assert.deepEqual(replay(cutBuffer(body, cuts)), replay([body]));
      }),
      { numRuns: 1_000 },
    );
  });
});

/**
 * Finds the places to cut a body: all of them, except in a long event stream. Far from line ends and from characters of
 * several bytes, which are all that a reader looks at, that is cut only at every seventh byte.
 */
function findPlaces({ body, contentType }: Fixture): number[] {
  const everywhere = Array.from({ length: body.length - 1 }, (_, before) => before + 1);
  if (body.length <= MAX_SHORT_BYTES || contentType !== undefined) return everywhere;
  return everywhere.filter((at) => {
    const around = body.subarray(Math.max(0, at - NEAR_BYTES), at + NEAR_BYTES);
    return at % STRIDE_BYTES === 0 || around.some((byte) => byte === 0x0a || byte === 0x0d || byte >= 0x80);
  });
}

function replayAsJson(fixture: Fixture, reads: readonly Buffer[]): string {
  return JSON.stringify(
    replay(
      reads,
      { toolNames: fixture.tools ?? [], tolerant: fixture.tolerant ?? false },
      fixture.contentType,
    ),
  );
}

function playToEnd(fixture: Fixture, reads: readonly Buffer[]): unknown {
  const { messages, result } = play(fixture, reads);
  return { messages, completion: result.completion, failure: result.failure };
}
