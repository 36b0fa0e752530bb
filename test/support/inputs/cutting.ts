import fc from "fast-check";

/** Cuts for something of unknown length, as fractions of the length. */
export const anyCuts: fc.Arbitrary<number[]> = fc.array(
  // Any of them is as likely as another. Most floating-point numbers are nearly 0.
  fc.noBias(fc.integer({ min: 0, max: 1000 })).map((thousandths) => thousandths / 1000),
  { maxLength: 12, size: "max" },
);

/** Cuts bytes into pieces at fractions of their length. Pieces may be empty. */
export function cutBuffer(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = findCutPlaces(bytes.length, cuts);
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

/** Cuts a text into pieces at fractions of its length. Pieces may be empty. */
export function cutText(text: string, cuts: readonly number[]): string[] {
  const places = findCutPlaces(text.length, cuts);
  return places.slice(1).map((end, at) => text.slice(places[at], end));
}

function findCutPlaces(length: number, cuts: readonly number[]): number[] {
  return [0, ...cuts.map((cut) => Math.floor(cut * length)), length].sort((a, b) => a - b);
}

/** Lengths of the pieces of a text, for `cutByLengths`. */
export const anyPieceLengths: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 9 }), {
  minLength: 1,
  maxLength: 4,
});

/** Cuts a text into pieces of these lengths. The lengths are used in a circle until the text ends. */
export function cutByLengths(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  for (let at = 0, nth = 0; at < text.length; nth++) {
    const length = lengths[nth % lengths.length]!;
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** Functions that cut a text into pieces as a model may, even inside surrogate pairs and characters. */
export const anyCutter: fc.Arbitrary<(text: string) => string[]> = fc
  .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })
  .map((lengths) => (text) => cutByLengths(text, lengths));
