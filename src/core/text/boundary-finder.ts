/** Where held text may be cut. `none`: between any two characters, as a reader sees them. */
export type Boundary = "none" | "word" | "sentence" | "line" | "paragraph";

/** Finds the places in a growing text at which something is whole. Looks at each part of it once. */
export interface BoundaryFinder {
  /** @returns up to where the text is whole, whatever follows; 0 where nothing is yet */
  findBoundary(text: string): number;
  /** Says that so many characters of the text's beginning are about to go. */
  discard(length: number, text: string): void;
}
