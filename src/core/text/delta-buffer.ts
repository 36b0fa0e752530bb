import { createBoundaryFinder } from "./boundary.js";
import type { Boundary, BoundaryFinder } from "./boundary-finder.js";
import { findStableBoundary, measureStableText } from "./graphemes.js";
import { HeldPiece, type Piece, readPieceKind } from "./held-piece.js";
import { findForcedCut } from "./words.js";

/** When held pieces go on; whichever comes first. 0: this rule does not apply. */
export interface BufferRules {
  /** Pieces. */
  count: number;
  /** Characters. */
  characters: number;
  boundary: Boundary;
}

/** No rule holds more than this, and no message has more text. */
export const MAX_MESSAGE_CHARS = 4000;

/**
 * Merges the pieces of one stream by rules. Pure; time is the caller's. Joined, what comes out is what went in,
 * kind by kind and in order, and no cut goes through a character.
 */
export class DeltaBuffer {
  private held = new HeldPiece("text");
  private pieceCount = 0;
  private finder: BoundaryFinder | undefined;
  /** Up to here the text is due, and goes as soon as it is known whether its last character is whole. */
  private dueLength = 0;

  constructor(private readonly rules: Readonly<BufferRules>) {
    this.finder = createBoundaryFinder(rules.boundary);
  }

  /** Whether there is anything to flush. */
  get isHolding(): boolean {
    return !this.held.isEmpty;
  }

  /** Whether something is due that waits for the piece behind it. */
  get hasDue(): boolean {
    return this.dueLength > 0;
  }

  /** @returns what is to be sent now */
  add(piece: Piece): Piece[] {
    const kind = readPieceKind(piece) ?? this.held.kind;
    const out = kind === this.held.kind ? [] : this.flush();
    if (kind !== this.held.kind) {
      this.held = new HeldPiece(kind);
      this.finder = createBoundaryFinder(this.rules.boundary);
    }
    this.held.add(piece);
    this.pieceCount++;
    if (kind !== "other") this.takeComplete(out);
    if (this.isFull) out.push(...this.markDue());
    return out;
  }

  /**
   * Makes what is held due. Text waits for what comes next, be it for a moment: the model may have cut it within
   * a character. @returns what need not wait
   */
  markDue(): Piece[] {
    if (this.held.kind === "other" || this.held.text === "") return this.flush();
    this.dueLength = this.held.text.length;
    return [];
  }

  /** What is owed, after nothing has come for a moment: all but a last character that looks as if it would grow. */
  takeDue(): Piece[] {
    const length = measureStableText(this.held.text);
    const out = length > 0 ? [this.takeStart(length)] : [];
    this.dueLength = this.held.text.length;
    return out;
  }

  /** Everything that is held. */
  flush(): Piece[] {
    this.dueLength = 0;
    return this.isHolding ? [this.takeStart(this.held.text.length)] : [];
  }

  private get isFull(): boolean {
    const { count, characters } = this.rules;
    const { size, isEmpty: empty } = this.held;
    if (empty) return false;
    return (
      (count > 0 && this.pieceCount >= count) || size >= (characters > 0 ? characters : MAX_MESSAGE_CHARS)
    );
  }

  private takeComplete(out: Piece[]): void {
    if (this.dueLength > 0) {
      const place = findStableBoundary(this.held.text, this.dueLength);
      if (place > 0 && place <= MAX_MESSAGE_CHARS) out.push(this.takeStart(place));
      else this.dueLength = this.held.text.length;
    }
    for (;;) {
      const { text } = this.held;
      let length = this.finder?.findBoundary(text) ?? 0;
      if (length === 0 || length > MAX_MESSAGE_CHARS) {
        if (text.length <= MAX_MESSAGE_CHARS) return;
        length = findForcedCut(text, MAX_MESSAGE_CHARS);
      }
      out.push(this.takeStart(length));
    }
  }

  private takeStart(length: number): Piece {
    this.finder?.discard(length, this.held.text);
    const piece = this.held.takeStart(length);
    this.dueLength = Math.max(0, this.dueLength - length);
    // What is left came with the newest piece.
    this.pieceCount = this.held.isEmpty ? 0 : 1;
    return piece;
  }
}
