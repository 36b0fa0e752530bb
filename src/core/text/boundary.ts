import type { Boundary, BoundaryFinder } from "./boundary-finder.js";
import { PassageFinder } from "./sentences.js";
import { WordFinder } from "./words.js";

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
  private seen = 0;

  findBoundary(text: string): number {
    const end = text.indexOf("\n", this.seen) + 1;
    if (end === 0) this.seen = text.length;
    return end;
  }

  discard(length: number): void {
    this.seen = Math.max(0, this.seen - length);
  }
}
