import assert from "node:assert/strict";
import fc from "fast-check";
import { WavJoiner } from "../../../src/node-red/speech-stream/wav.js";

/** A WAV file with a chunk before the samples, as some services write it. */
function wav(samples: Buffer, extra = 0): Buffer {
  const chunk = (name: string, size: number, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.write(name, "latin1");
    head.writeUInt32LE(size, 4);
    return Buffer.concat([head, body]);
  };
  const list = extra > 0 ? chunk("LIST", extra, Buffer.alloc(extra + (extra % 2), 1)) : Buffer.alloc(0);
  const body = Buffer.concat([
    Buffer.from("WAVE"),
    chunk("fmt ", 16, Buffer.alloc(16, 2)),
    list,
    chunk("data", samples.length, samples),
  ]);
  return chunk("RIFF", body.length, body);
}

/** Sizes of the pieces into which a file is cut. */
const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 30 });
function cutBytes(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const out: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    out.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return [...out, Buffer.from(bytes.subarray(at))];
}

function joinFiles(files: readonly Buffer[][]): Buffer {
  const joiner = new WavJoiner();
  const out = files.flatMap((file) => {
    joiner.startNext();
    return [...file.map((piece) => joiner.add(piece)), joiner.end()];
  });
  return Buffer.concat(out);
}

describe("WavJoiner", () => {
  const samples = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
  const file = fc.record({ samples, extra: fc.integer({ min: 0, max: 50 }), sizes: cuts });

  it("joins files into one: the first header with unknown length, then all samples, however the bytes were cut", () => {
    fc.assert(
      fc.property(fc.array(file, { minLength: 1, maxLength: 4 }), (files) => {
        const out = joinFiles(files.map(({ samples, extra, sizes }) => cutBytes(wav(samples, extra), sizes)));
        const first = wav(files[0]!.samples, files[0]!.extra);
        const start = first.length - files[0]!.samples.length;
        assert.deepEqual(out.subarray(start), Buffer.concat(files.map(({ samples }) => samples)));
        assert.equal(out.readUInt32LE(4), 0xffffffff);
        assert.equal(out.readUInt32LE(start - 4), 0xffffffff);
        assert.deepEqual(out.subarray(8, start - 4), first.subarray(8, start - 4));
      }),
    );
  });

  it("passes bytes that are not a WAV file unchanged, and holds none of them for ever", () => {
    fc.assert(
      fc.property(samples, cuts, (bytes, sizes) => {
        fc.pre(!bytes.toString("latin1").startsWith("RIFF"));
        assert.deepEqual(joinFiles([cutBytes(bytes, sizes)]), bytes);
      }),
    );
    const endless = Buffer.concat([Buffer.from("RIFF____WAVElong"), Buffer.alloc(5000, 255)]);
    const joiner = new WavJoiner();
    assert.equal(joiner.add(Buffer.from(endless)).length, endless.length);
    assert.deepEqual(joinFiles([[Buffer.from("RIFF")]]), Buffer.from("RIFF"));
  });
});
