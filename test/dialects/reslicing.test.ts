import assert from "node:assert/strict";
import fc from "fast-check";
import { FIXTURES } from "../fixtures/index.js";
import { anyCuts, anyRecords, cutUp, framed } from "../support/inputs/arbitraries.js";
import type { Fixture } from "../support/inputs/fixtures.js";
import { play, recordsOf, replay } from "../support/inputs/replay.js";

/** A body of so many bytes is cut everywhere; the time that takes grows with the square of them. */
const SHORT = 400;

/** In a longer one, of the cuts that are like those beside them only every so manieth is made. */
const STRIDE = 7;

/** Bytes from a line's end within which every cut is made: longer than any field's name. */
const NEAR = 8;

const OTHERS = FIXTURES.filter(({ contentType }) => contentType !== undefined);

describe("However the bytes of a stream are cut into reads, it says the same:", function () {
  this.timeout(20_000);

  it("every fixture, cut in two at every byte that could matter", () => {
    // Records are all that reaches the decoder, so that the same records are the same answer.
    for (const fixture of FIXTURES) {
      const { body, name, contentType } = fixture;
      const whole = JSON.stringify(recordsOf([body], contentType));
      for (const at of placesIn(fixture)) {
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

/**
 * Where to cut: everywhere, but for a long body of events only now and then far from the ends of its lines and from
 * characters of several bytes, where no reader looks at anything.
 */
function placesIn({ body, contentType }: Fixture): number[] {
  const everywhere = Array.from({ length: body.length - 1 }, (_, before) => before + 1);
  if (body.length <= SHORT || contentType !== undefined) return everywhere;
  return everywhere.filter((at) => {
    const around = body.subarray(Math.max(0, at - NEAR), at + NEAR);
    return at % STRIDE === 0 || around.some((byte) => byte === 0x0a || byte === 0x0d || byte >= 0x80);
  });
}

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
