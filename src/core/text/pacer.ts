import { firstWordLength, forcedLength } from "./boundary.js";
import { MOST_CHARACTERS } from "./delta-buffer.js";
import { HeldPiece, kindOf, type Piece } from "./held-piece.js";

/** A reader may be this far behind the model before the pace is raised to catch up; milliseconds. */
const PATIENCE = 1000;

/** Once the stream has ended, the rest takes no longer than this; milliseconds. */
const FINISH = 600;

/** Messages come no closer together than this; what is due in between goes along. Milliseconds. */
const SHORTEST = 25;

/** What goes at once when too much is held: characters. */
const STRIDE = 1000;

/** Part of a word. */
const EARLY = 0.1;

/** What has no gap is given out in pieces of this length. */
const LONGEST_WORD = 40;

/**
 * Gives out text and reasoning word by word at an even pace, and faster when it falls behind; everything else when
 * its turn comes. Pure: whoever owns it says how much time has passed.
 */
export class Pacer {
  private readonly queue: HeldPiece[] = [];
  /** Words that may be given out. The first goes at once. */
  private credit = 1;
  private ended = false;
  /** Whether the next word is due and not whole yet. */
  private starved = false;
  private finishing = 0;
  private words = 1;
  private characters = 6;

  /** @param wordsPerSecond above 0 */
  constructor(private readonly wordsPerSecond: number) {}

  get holding(): boolean {
    return this.queue.length > 0;
  }

  /** @returns what cannot wait, for too much is held */
  add(piece: Piece): Piece[] {
    this.starved = false;
    const last = this.queue.at(-1);
    const kind = kindOf(piece) ?? last?.kind ?? "text";
    if (last?.kind === kind) last.add(piece);
    else {
      const next = new HeldPiece(kind);
      next.add(piece);
      if (!next.empty) this.queue.push(next);
    }
    const out: Piece[] = [];
    while (this.size > MOST_CHARACTERS) {
      const { text } = this.queue[0]!;
      out.push(this.cut(text.length > STRIDE ? forcedLength(text, STRIDE) : text.length));
    }
    return out;
  }

  /** No more is coming: the last word is whole too. */
  end(): void {
    this.starved = false;
    this.ended = true;
    this.finishing = this.pending / FINISH;
  }

  /** Milliseconds until something is due; undefined where that needs more to come. */
  get wait(): number | undefined {
    if (!this.holding || this.starved) return undefined;
    return Math.max(SHORTEST, (1 - this.credit) / this.rate);
  }

  /** @returns what is due after so many more milliseconds */
  take(milliseconds: number): Piece[] {
    this.credit += this.rate * milliseconds;
    // Timers may be a little early.
    const most = Math.floor(this.credit + EARLY);
    const { out, words } = this.give(most);
    this.starved = most >= 1 && out.length === 0;
    // Words that are not there yet are not owed later.
    this.credit = Math.min(this.credit - words, 1);
    return out;
  }

  /** All of it, at once. */
  flush(): Piece[] {
    return this.queue.splice(0).map((held) => held.cut(held.text.length));
  }

  /** Words per millisecond. */
  private get rate(): number {
    return Math.max(this.wordsPerSecond / 1000, this.finishing, this.pending / PATIENCE);
  }

  /** About how many words are held. */
  private get pending(): number {
    return (this.size * this.words) / this.characters;
  }

  private get size(): number {
    let size = 0;
    for (const held of this.queue) size += held.size;
    return size;
  }

  /** At most so many words, and what stands between them. */
  private give(most: number): { out: Piece[]; words: number } {
    const out: Piece[] = [];
    let given = 0;
    for (let held = this.queue[0]; held; held = this.queue[0]) {
      if (held.kind === "other" || held.text === "") out.push(this.cut(held.text.length));
      else {
        const open = this.queue.length === 1 && !this.ended;
        const { length, words } = wordsOf(held.text, most - given, open);
        if (length === 0) break;
        out.push(this.cut(length));
        given += words;
        this.words += words;
        this.characters += length;
      }
    }
    return { out, words: given };
  }

  /** Takes from what has waited longest. */
  private cut(length: number): Piece {
    const held = this.queue[0]!;
    const piece = held.cut(length);
    if (held.empty) this.queue.shift();
    return piece;
  }
}

/** How long the first words of a text are. `open`: the last of them may still grow. */
function wordsOf(text: string, most: number, open: boolean): { length: number; words: number } {
  let length = 0;
  let words = 0;
  while (words < most && length < Math.min(text.length, MOST_CHARACTERS)) {
    const word = firstWordLength(text, length, LONGEST_WORD) || (open ? 0 : text.length - length);
    if (word === 0) break;
    length += word;
    words++;
  }
  return { length, words };
}
