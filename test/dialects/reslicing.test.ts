import assert from "node:assert/strict";
import fc from "fast-check";
import { FIXTURES } from "../fixtures/index.js";
import { anyCuts, anyRecords, cutUp, framed } from "../support/arbitraries.js";
import type { Fixture } from "../support/fixtures.js";
import { play, recordsOf, replay } from "../support/replay.js";

const OTHERS = FIXTURES.filter(({ contentType }) => contentType !== undefined);

describe("However the bytes of a stream are cut into reads, it says the same:", function () {
  this.timeout(20_000);

  it("every fixture, cut in two at every byte", () => {
    // Records are all that reaches the decoder, so that the same records are the same answer.
    for (const { body, name, contentType } of FIXTURES) {
      const whole = JSON.stringify(recordsOf([body], contentType));
      for (let at = 1; at < body.length; at++) {
        const cut = JSON.stringify(recordsOf([body.subarray(0, at), body.subarray(at)], contentType));
        if (cut !== whole) assert.equal(cut, whole, `${name}, cut at ${at}`);
      }
    }
  });

  it("every fixture, byte by byte", () => {
    for (const fixture of FIXTURES) {
      const bytes = Array.from(fixture.body, (_byte, at) => fixture.body.subarray(at, at + 1));
      assert.equal(said(fixture, bytes), said(fixture, [fixture.body]), fixture.name);
    }
  });

  it("every fixture, cut anywhere", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FIXTURES), anyCuts, (fixture, cuts) => {
        assert.equal(said(fixture, cutUp(fixture.body, cuts)), said(fixture, [fixture.body]), fixture.name);
      }),
      { numRuns: 1_500 },
    );
  });

  it("any stream, cut anywhere", () => {
    fc.assert(
      fc.property(anyRecords, anyCuts, (records, cuts) => {
        const body = framed(records);
        assert.deepEqual(replay(cutUp(body, cuts)), replay([body]));
      }),
      { numRuns: 150 },
    );
  });

  it("what is no event stream by its content type, cut anywhere on its way through a whole run", () => {
    fc.assert(
      fc.property(fc.constantFrom(...OTHERS), anyCuts, (fixture, cuts) => {
        const cut = played(fixture, cutUp(fixture.body, cuts));
        assert.deepEqual(cut, played(fixture, [fixture.body]), fixture.name);
      }),
      { numRuns: 500 },
    );
  });

  it("bytes that are no UTF-8, cut anywhere", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), anyCuts, (bytes, cuts) => {
        const [before, after] = '{"choices":[{"delta":{"content":"#"}}]}'.split("#");
        // Neither quotes nor control characters: the record stays whole.
        const text = Buffer.from(bytes.map((byte) => (byte < 0x80 ? 0x41 : byte)));
        const body = Buffer.concat([Buffer.from(`data: ${before}`), text, Buffer.from(`${after}\n\n`)]);
        assert.deepEqual(replay(cutUp(body, cuts)), replay([body]));
      }),
      { numRuns: 1_000 },
    );
  });
});

function said(fixture: Fixture, reads: readonly Buffer[]): string {
  return JSON.stringify(
    replay(
      reads,
      { toolNames: fixture.tools ?? [], tolerant: fixture.tolerant ?? false },
      fixture.contentType,
    ),
  );
}

function played(fixture: Fixture, reads: readonly Buffer[]): unknown {
  const { told, result } = play(fixture, reads);
  return { told, completion: result.completion, failure: result.failure };
}
