import { createBoundaryFinder } from "./boundary.js";
import type { Boundary, BoundaryFinder } from "./boundary-finder.js";
import { findStableBoundary, measureStableText } from "./graphemes.js";
import { copyPiece, HeldPiece, type Piece, readPieceKind } from "./held-piece.js";
import { findForcedCut } from "./words.js";

/** When held pieces are sent: as soon as one of the rules says so. */
export interface BufferRules {
  /** Number of pieces to merge. 0: no such rule. */
  count: number;
  /** Number of characters to collect. 0: no such rule. */
  characters: number;
  /** Text is sent up to each boundary of this kind. `none`: no such rule. */
  boundary: Boundary;
}

/** The most text that is held, and the most that one message carries. */
export const MAX_MESSAGE_CHARS = 4000;

/** A longer text, such as a whole answer in one piece, is searched for boundaries part by part. */
const MAX_SEARCHED_CHARS = 2 * MAX_MESSAGE_CHARS;

/**
 * Merges the pieces of one stream by rules. It has no clock: the caller says when to wait no longer.
 *
 * The output joined is the input joined, kind by kind and in order. No cut goes through a character as a reader sees it.
 */
export class DeltaBuffer {
  private held = new HeldPiece("text");
  private pieceCount = 0;
  private finder: BoundaryFinder | undefined;
  /** Length of the held text that is due. It is sent once its last character is known to be complete. */
  private dueLength = 0;

  constructor(private readonly rules: Readonly<BufferRules>) {
    this.finder = createBoundaryFinder(rules.boundary);
  }

  /** Whether anything is held. */
  get isHolding(): boolean {
    return !this.held.isEmpty;
  }

  /** Whether text is due that waits for the next piece, which may continue its last character. */
  get hasDue(): boolean {
    return this.dueLength > 0;
  }

  /**
   * Adds a piece.
   * @returns the pieces to send now
   * @throws Error if its chunk cannot be copied; nothing is added then
   */
  add(added: Piece): Piece[] {
    const piece = copyPiece(added);
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
   * Marks everything that is held as due. Text still waits for the next piece or for `takeDue()`, because the model may
   * have cut it within a character.
   * @returns pieces without text, which need not wait
   */
  markDue(): Piece[] {
    if (this.held.kind === "other" || this.held.text === "") return this.flush();
    this.dueLength = this.held.text.length;
    return [];
  }

  /**
   * Takes the held text after a short pause in which no piece came. A last character of a kind that often grows stays.
   */
  takeDue(): Piece[] {
    const length = measureStableText(this.held.text);
    const out = length > 0 ? [this.takeStart(length)] : [];
    this.dueLength = this.held.text.length;
    return out;
  }

  /** Takes everything that is held. */
  flush(): Piece[] {
    this.dueLength = 0;
    return this.isHolding ? [this.takeStart(this.held.text.length)] : [];
  }

  private get isFull(): boolean {
    const { count, characters } = this.rules;
    const { size, isEmpty } = this.held;
    if (isEmpty) return false;
    return (
      (count > 0 && this.pieceCount >= count) || size >= (characters > 0 ? characters : MAX_MESSAGE_CHARS)
    );
  }

  /** Takes the due text, then each part up to a boundary or the largest message. */
  private takeComplete(out: Piece[]): void {
    if (this.dueLength > 0) {
      const end = findStableBoundary(this.held.text, this.dueLength);
      if (end > 0 && end <= MAX_MESSAGE_CHARS) out.push(this.takeStart(end));
      else this.dueLength = this.held.text.length;
    }
    for (;;) {
      const { text } = this.held;
      let length = this.finder?.findBoundary(text.slice(0, MAX_SEARCHED_CHARS)) ?? 0;
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
    // The text that remains came with the newest piece.
    this.pieceCount = this.held.isEmpty ? 0 : 1;
    return piece;
  }
}
