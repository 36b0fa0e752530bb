import { boundaryFinder, forcedLength } from "./boundary.js";
import type { Boundary, BoundaryFinder } from "./boundary-finder.js";
import { nextStableBoundary, stableLength } from "./graphemes.js";
import { HeldPiece, kindOf, type Piece } from "./held-piece.js";

/** When held pieces go on; whichever comes first. 0: this rule does not apply. */
export interface BufferRules {
  /** Pieces. */
  count: number;
  /** Characters. */
  characters: number;
  boundary: Boundary;
}

/** No rule holds more than this, and no message has more text. */
export const MOST_CHARACTERS = 4000;

/**
 * Merges the pieces of one stream by rules. Pure; time is the caller's. Joined, what comes out is what went in,
 * kind by kind and in order, and no cut goes through a character.
 */
export class DeltaBuffer {
  private held = new HeldPiece("text");
  private pieces = 0;
  private finder: BoundaryFinder | undefined;
  /** Up to here the text is due, and goes as soon as it is known whether its last character is whole. */
  private owed = 0;

  constructor(private readonly rules: Readonly<BufferRules>) {
    this.finder = boundaryFinder(rules.boundary);
  }

  /** Whether there is anything to flush. */
  get holding(): boolean {
    return !this.held.empty;
  }

  /** Whether something is due that waits for the piece behind it. */
  get owing(): boolean {
    return this.owed > 0;
  }

  /** @returns what is to be sent now */
  add(piece: Piece): Piece[] {
    const kind = kindOf(piece) ?? this.held.kind;
    const out = kind === this.held.kind ? [] : this.flush();
    if (kind !== this.held.kind) {
      this.held = new HeldPiece(kind);
      this.finder = boundaryFinder(this.rules.boundary);
    }
    this.held.add(piece);
    this.pieces++;
    if (kind !== "other") this.cutWhole(out);
    if (this.full) out.push(...this.release());
    return out;
  }

  /**
   * Makes what is held due. Text waits for what comes next, be it for a moment: the model may have cut it within
   * a character. @returns what need not wait
   */
  release(): Piece[] {
    if (this.held.kind === "other" || this.held.text === "") return this.flush();
    this.owed = this.held.text.length;
    return [];
  }

  /** What is owed, after nothing has come for a moment: all but a last character that looks as if it would grow. */
  settle(): Piece[] {
    const length = stableLength(this.held.text);
    const out = length > 0 ? [this.cut(length)] : [];
    this.owed = this.held.text.length;
    return out;
  }

  /** Everything that is held. */
  flush(): Piece[] {
    this.owed = 0;
    return this.holding ? [this.cut(this.held.text.length)] : [];
  }

  private get full(): boolean {
    const { count, characters } = this.rules;
    const { size, empty } = this.held;
    if (empty) return false;
    return (count > 0 && this.pieces >= count) || size >= (characters > 0 ? characters : MOST_CHARACTERS);
  }

  private cutWhole(out: Piece[]): void {
    if (this.owed > 0) {
      const place = nextStableBoundary(this.held.text, this.owed);
      if (place > 0 && place <= MOST_CHARACTERS) out.push(this.cut(place));
      else this.owed = this.held.text.length;
    }
    for (;;) {
      const { text } = this.held;
      let length = this.finder?.next(text) ?? 0;
      if (length === 0 || length > MOST_CHARACTERS) {
        if (text.length <= MOST_CHARACTERS) return;
        length = forcedLength(text, MOST_CHARACTERS);
      }
      out.push(this.cut(length));
    }
  }

  private cut(length: number): Piece {
    this.finder?.cut(length, this.held.text);
    const piece = this.held.cut(length);
    this.owed = Math.max(0, this.owed - length);
    // What is left came with the newest piece.
    this.pieces = this.held.empty ? 0 : 1;
    return piece;
  }
}
