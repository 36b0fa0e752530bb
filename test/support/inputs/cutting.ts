import fc from "fast-check";

/** Where to cut something of unknown length, as fractions. */
export const anyCuts: fc.Arbitrary<number[]> = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  maxLength: 12,
});

/** A buffer in pieces. */
export function cutBuffer(whole: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * whole.length)), whole.length].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, at) => whole.subarray(places[at], end));
}

/** A text in pieces. */
export function cutText(whole: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * whole.length)), whole.length].sort(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, at) => whole.slice(places[at], end));
}

/** How long the pieces of a tool call's arguments are; again from the beginning when all are used. */
export const anyPieceLengths: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 9 }), {
  minLength: 1,
  maxLength: 4,
});

/** A text in pieces of these lengths. */
export function cutByLengths(whole: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const length = lengths[turn % lengths.length]!;
    pieces.push(whole.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** Cuts a text into pieces as a model may, also within pairs and characters. */
export const anyCutter: fc.Arbitrary<(text: string) => string[]> = fc
  .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })
  .map((widths) => (text) => {
    const pieces: string[] = [];
    for (let at = 0, turn = 0; at < text.length; turn++) {
      const width = widths[turn % widths.length]!;
      pieces.push(text.slice(at, at + width));
      at += width;
    }
    return pieces;
  });
