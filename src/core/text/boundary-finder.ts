/** The kind of place where held text may be cut. `none`: between any two characters, as a reader sees them. */
export type Boundary = "none" | "word" | "sentence" | "line" | "paragraph";

/** Finds boundaries in a growing text. It reads each part of the text once, so that its cost stays linear. */
export interface BoundaryFinder {
  /**
   * Finds the next boundary.
   * @param text everything that is held: the text of the previous call, with new text at its end
   * @returns the length of the text up to the boundary, whatever is appended later; 0 if there is none yet
   */
  findBoundary(text: string): number;
  /** Must be called before the first `length` characters of `text` are removed. */
  discard(length: number, text: string): void;
}
