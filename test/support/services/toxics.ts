/** A part of a write and the wait before it. */
export interface DelayedBytes {
  bytes: Buffer;
  /** Milliseconds. */
  wait?: number;
}

/** Cuts or delays a write, like the toxics of toxiproxy. Several are applied one after another. */
export type Toxic = (bytes: Buffer) => DelayedBytes[];

/** Creates a random generator of numbers from 0 to 1 with a seed, so that runs can be repeated (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Creates a toxic that writes packets of `size` bytes. */
export function createSlicer(size: number): Toxic {
  return (bytes) => cutIntoSlices(bytes, () => size);
}

/** Creates a toxic that writes packets of 1 to `maxSize` bytes, the same for the same seed. */
export function createRandomSlicer(seed: number, maxSize: number): Toxic {
  const random = createRandom(seed);
  return (bytes) => cutIntoSlices(bytes, () => 1 + Math.floor(random() * maxSize));
}

/** Creates a toxic that delays every write. */
export function createLatency(milliseconds: number): Toxic {
  return (bytes) => [{ bytes, wait: milliseconds }];
}

/** Creates a toxic that limits the bandwidth, with 20 packets per second. */
export function createBandwidthLimit(bytesPerSecond: number): Toxic {
  const size = Math.max(1, Math.ceil(bytesPerSecond / 20));
  return (bytes) => cutIntoSlices(bytes, () => size).map((piece) => ({ ...piece, wait: 50 }));
}

/** Applies toxics to a write, one after another; their waits add up. */
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
