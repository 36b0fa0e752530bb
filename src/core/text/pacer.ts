import { MAX_MESSAGE_CHARS } from "./delta-buffer.js";
import { copyPiece, HeldPiece, type Piece, readPieceKind } from "./held-piece.js";
import { findForcedCut, measureFirstWord } from "./words.js";

/** If more text is held than the pace gives out in this time, the pace rises. */
const MAX_LAG_MS = 1000;

/** Once the stream has ended, the rest is given out within this time. */
const MAX_FINISH_MS = 600;

/** The shortest time between two messages. Words that become due in between are sent together. */
const MIN_INTERVAL_MS = 25;

/** If too much is held, text is given out at once in pieces of this size. */
const MAX_OVERFLOW_CHARS = 1000;

/** Timers may fire a little early: a word counts as due this fraction of a word too soon. */
const TIMER_TOLERANCE_WORDS = 0.1;

/** Text without a space is given out in pieces of this length. */
const MAX_WORD_CHARS = 40;

/**
 * Gives out text and reasoning word by word at an even pace, faster if it falls behind. Everything else is given out when
 * its turn in the order comes. It has no clock: the caller says how much time has passed.
 */
export class Pacer {
  private readonly queue: HeldPiece[] = [];
  /** Words that may be given out now. Starts with 1, so that the first word does not wait. */
  private credit = 1;
  private hasEnded = false;
  /** Whether the next word is due but may still grow. */
  private isStarved = false;
  /** Words per millisecond that finish the ended stream in time; 0 until it has ended. */
  private finishRate = 0;
  /** Words and characters given out so far, for the average length. They start with a guess: 6 characters a word. */
  private pacedWords = 1;
  private pacedChars = 6;

  /** @param wordsPerSecond above 0 */
  constructor(private readonly wordsPerSecond: number) {}

  /** Whether anything is held. */
  get isHolding(): boolean {
    return this.queue.length > 0;
  }

  /**
   * Adds a piece.
   * @returns pieces to send at once, because too much is held
   * @throws Error if its chunk cannot be copied; nothing is added then
   */
  add(added: Piece): Piece[] {
    const piece = copyPiece(added);
    this.isStarved = false;
    const last = this.queue.at(-1);
    const kind = readPieceKind(piece) ?? last?.kind ?? "text";
    if (last?.kind === kind) last.add(piece);
    else {
      const next = new HeldPiece(kind);
      next.add(piece);
      if (!next.isEmpty) this.queue.push(next);
    }
    const out: Piece[] = [];
    while (this.size > MAX_MESSAGE_CHARS) {
      const { text } = this.queue[0]!;
      out.push(
        this.takeStart(
          text.length > MAX_OVERFLOW_CHARS ? findForcedCut(text, MAX_OVERFLOW_CHARS) : text.length,
        ),
      );
    }
    return out;
  }

  /** Says that no more pieces come, so that the last word is complete. */
  end(): void {
    this.isStarved = false;
    this.hasEnded = true;
    this.finishRate = this.pendingWords / MAX_FINISH_MS;
  }

  /** Milliseconds until something is due; undefined if nothing is held or the next word may still grow. */
  get waitMs(): number | undefined {
    if (!this.isHolding || this.isStarved) return undefined;
    return Math.max(MIN_INTERVAL_MS, (1 - this.credit) / this.rate);
  }

  /** Lets time pass. @returns the pieces that are due now */
  advance(elapsedMs: number): Piece[] {
    this.credit += this.rate * elapsedMs;
    const maxWords = Math.floor(this.credit + TIMER_TOLERANCE_WORDS);
    const { out, words } = this.takeWords(maxWords);
    this.isStarved = maxWords >= 1 && out.length === 0;
    // Time in which no words were held does not add up, so that later words do not come in a burst.
    this.credit = Math.min(this.credit - words, 1);
    return out;
  }

  /** Takes everything that is held, at once. */
  flush(): Piece[] {
    return this.queue.splice(0).map((held) => held.takeStart(held.text.length));
  }

  /** Words per millisecond. */
  private get rate(): number {
    return Math.max(this.wordsPerSecond / 1000, this.finishRate, this.pendingWords / MAX_LAG_MS);
  }

  /** Estimated number of words that are held. */
  private get pendingWords(): number {
    return (this.size * this.pacedWords) / this.pacedChars;
  }

  /** Estimated characters that are held. */
  private get size(): number {
    let size = 0;
    for (const held of this.queue) size += held.size;
    return size;
  }

  /** Takes at most `maxWords` words, and everything else that stands before them. */
  private takeWords(maxWords: number): { out: Piece[]; words: number } {
    const out: Piece[] = [];
    let taken = 0;
    for (let held = this.queue[0]; held; held = this.queue[0]) {
      if (held.kind === "other" || held.text === "") out.push(this.takeStart(held.text.length));
      else {
        const mayGrow = this.queue.length === 1 && !this.hasEnded;
        const { length, words } = measureWords(held.text, maxWords - taken, mayGrow);
        if (length === 0) break;
        out.push(this.takeStart(length));
        taken += words;
        this.pacedWords += words;
        this.pacedChars += length;
      }
    }
    return { out, words: taken };
  }

  /** Takes the start of the oldest held piece. */
  private takeStart(length: number): Piece {
    const held = this.queue[0]!;
    const piece = held.takeStart(length);
    if (held.isEmpty) this.queue.shift();
    return piece;
  }
}

/** Measures the first words of a text. @param mayGrow whether more text may follow, so that the last word is uncertain */
function measureWords(text: string, maxWords: number, mayGrow: boolean): { length: number; words: number } {
  let length = 0;
  let words = 0;
  while (words < maxWords && length < Math.min(text.length, MAX_MESSAGE_CHARS)) {
    const word = measureFirstWord(text, length, MAX_WORD_CHARS) || (mayGrow ? 0 : text.length - length);
    if (word === 0) break;
    length += word;
    words++;
  }
  return { length, words };
}
