import type { Boundary, BoundaryFinder } from "./boundary-finder.js";
import { PassageFinder } from "./sentences.js";
import { WordFinder } from "./words.js";

/** Creates the finder for one growing text; undefined for `none`, which needs no finder. */
export function createBoundaryFinder(boundary: Boundary): BoundaryFinder | undefined {
  switch (boundary) {
    case "word":
      return new WordFinder();
    case "line":
      return new LineFinder();
    case "sentence":
    case "paragraph":
      return new PassageFinder(boundary);
    case "none":
      return undefined;
  }
}

class LineFinder implements BoundaryFinder {
  /** Characters of the text that were searched. */
  private searched = 0;

  findBoundary(text: string): number {
    const end = text.indexOf("\n", this.searched) + 1;
    if (end === 0) this.searched = text.length;
    return end;
  }

  discard(length: number): void {
    this.searched = Math.max(0, this.searched - length);
  }
}
