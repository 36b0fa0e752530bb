import { MAX_MESSAGE_CHARS } from "./delta-buffer.js";
import { HeldPiece, type Piece, readPieceKind } from "./held-piece.js";
import { findForcedCut, measureFirstWord } from "./words.js";

/** A reader may be this far behind the model before the pace is raised to catch up; milliseconds. */
const MAX_LAG_MS = 1000;

/** Once the stream has ended, the rest takes no longer than this; milliseconds. */
const MAX_FINISH_MS = 600;

/** Messages come no closer together than this; what is due in between goes along. Milliseconds. */
const MIN_INTERVAL_MS = 25;

/** What goes at once when too much is held: characters. */
const MAX_OVERFLOW_CHARS = 1000;

/** Part of a word. */
const TIMER_TOLERANCE_WORDS = 0.1;

/** What has no gap is given out in pieces of this length. */
const MAX_WORD_CHARS = 40;

/**
 * Gives out text and reasoning word by word at an even pace, and faster when it falls behind; everything else when
 * its turn comes. Pure: whoever owns it says how much time has passed.
 */
export class Pacer {
  private readonly queue: HeldPiece[] = [];
  /** Words that may be given out. The first goes at once. */
  private credit = 1;
  private hasEnded = false;
  /** Whether the next word is due and not whole yet. */
  private isStarved = false;
  private finishRate = 0;
  private pacedWords = 1;
  private pacedChars = 6;

  /** @param wordsPerSecond above 0 */
  constructor(private readonly wordsPerSecond: number) {}

  get isHolding(): boolean {
    return this.queue.length > 0;
  }

  /** @returns what cannot wait, for too much is held */
  add(piece: Piece): Piece[] {
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

  /** No more is coming: the last word is whole too. */
  end(): void {
    this.isStarved = false;
    this.hasEnded = true;
    this.finishRate = this.pendingWords / MAX_FINISH_MS;
  }

  /** Milliseconds until something is due; undefined where that needs more to come. */
  get waitMs(): number | undefined {
    if (!this.isHolding || this.isStarved) return undefined;
    return Math.max(MIN_INTERVAL_MS, (1 - this.credit) / this.rate);
  }

  /** @returns what is due after so many more milliseconds */
  advance(milliseconds: number): Piece[] {
    this.credit += this.rate * milliseconds;
    // Timers may be a little early.
    const most = Math.floor(this.credit + TIMER_TOLERANCE_WORDS);
    const { out, words } = this.takeWords(most);
    this.isStarved = most >= 1 && out.length === 0;
    // Words that are not there yet are not owed later.
    this.credit = Math.min(this.credit - words, 1);
    return out;
  }

  /** All of it, at once. */
  flush(): Piece[] {
    return this.queue.splice(0).map((held) => held.takeStart(held.text.length));
  }

  /** Words per millisecond. */
  private get rate(): number {
    return Math.max(this.wordsPerSecond / 1000, this.finishRate, this.pendingWords / MAX_LAG_MS);
  }

  /** About how many words are held. */
  private get pendingWords(): number {
    return (this.size * this.pacedWords) / this.pacedChars;
  }

  private get size(): number {
    let size = 0;
    for (const held of this.queue) size += held.size;
    return size;
  }

  /** At most so many words, and what stands between them. */
  private takeWords(most: number): { out: Piece[]; words: number } {
    const out: Piece[] = [];
    let given = 0;
    for (let held = this.queue[0]; held; held = this.queue[0]) {
      if (held.kind === "other" || held.text === "") out.push(this.takeStart(held.text.length));
      else {
        const open = this.queue.length === 1 && !this.hasEnded;
        const { length, words } = measureWords(held.text, most - given, open);
        if (length === 0) break;
        out.push(this.takeStart(length));
        given += words;
        this.pacedWords += words;
        this.pacedChars += length;
      }
    }
    return { out, words: given };
  }

  /** Takes from what has waited longest. */
  private takeStart(length: number): Piece {
    const held = this.queue[0]!;
    const piece = held.takeStart(length);
    if (held.isEmpty) this.queue.shift();
    return piece;
  }
}

/** How long the first words of a text are. `open`: the last of them may still grow. */
function measureWords(text: string, most: number, open: boolean): { length: number; words: number } {
  let length = 0;
  let words = 0;
  while (words < most && length < Math.min(text.length, MAX_MESSAGE_CHARS)) {
    const word = measureFirstWord(text, length, MAX_WORD_CHARS) || (open ? 0 : text.length - length);
    if (word === 0) break;
    length += word;
    words++;
  }
  return { length, words };
}
