/** A piece of what a peer writes, and how long it waits before. */
export interface DelayedBytes {
  bytes: Buffer;
  /** Milliseconds. */
  wait?: number;
}

/** Spoils a write, as the toxics of toxiproxy do; several are applied one after another. */
export type Toxic = (bytes: Buffer) => DelayedBytes[];

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many bytes per packet. */
export function createSlicer(size: number): Toxic {
  return (bytes) => cutIntoSlices(bytes, () => size);
}

/** Packets of 1 to `longest` bytes, the same for the same seed. */
export function createRandomSlicer(seed: number, longest: number): Toxic {
  const random = createRandom(seed);
  return (bytes) => cutIntoSlices(bytes, () => 1 + Math.floor(random() * longest));
}

/** Every write comes so many milliseconds late. */
export function createLatency(milliseconds: number): Toxic {
  return (bytes) => [{ bytes, wait: milliseconds }];
}

/** A slow line: so many bytes a second, in twenty packets a second. */
export function createBandwidthLimit(bytesPerSecond: number): Toxic {
  const size = Math.max(1, Math.ceil(bytesPerSecond / 20));
  return (bytes) => cutIntoSlices(bytes, () => size).map((piece) => ({ ...piece, wait: 50 }));
}

/** What remains of the pieces after one more toxic. */
export function applyToxics(bytes: Buffer, toxics: readonly Toxic[]): DelayedBytes[] {
  let pieces: DelayedBytes[] = [{ bytes }];
  for (const toxic of toxics) {
    pieces = pieces.flatMap(({ bytes: part, wait = 0 }) =>
      toxic(part).map((piece, at) => ({ ...piece, wait: (piece.wait ?? 0) + (at === 0 ? wait : 0) })),
    );
  }
  return pieces;
}

function cutIntoSlices(bytes: Buffer, size: () => number): DelayedBytes[] {
  const pieces: DelayedBytes[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + size();
    pieces.push({ bytes: bytes.subarray(at, end) });
    at = end;
  }
  return pieces;
}
