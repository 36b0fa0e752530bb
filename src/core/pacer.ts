import { firstWordLength } from "./boundary.js";
import { MOST_CHARACTERS } from "./delta-buffer.js";
import { Held, kindOf, type Piece } from "./held.js";

/** A reader may be this far behind the model before the pace is raised to catch up; milliseconds. */
const PATIENCE = 1000;

/** Once the stream has ended, the rest takes no longer than this; milliseconds. */
const FINISH = 600;

/** Messages come no closer together than this; what is due in between goes along. Milliseconds. */
const SHORTEST = 25;

/** What has no gap is given out in pieces of this length. */
const LONGEST_WORD = 40;

/**
 * Gives out text and reasoning word by word at an even pace, and faster when it falls behind; everything else when
 * its turn comes. Pure: whoever owns it says how much time has passed.
 */
export class Pacer {
  private readonly queue: Held[] = [];
  /** Words that may be given out. The first goes at once. */
  private credit = 1;
  private ended = false;
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
    const last = this.queue.at(-1);
    const kind = kindOf(piece) ?? last?.kind ?? "text";
    if (last?.kind === kind) last.add(piece);
    else {
      const next = new Held(kind);
      next.add(piece);
      if (!next.empty) this.queue.push(next);
    }
    return this.size > MOST_CHARACTERS ? this.give(Number.POSITIVE_INFINITY) : [];
  }

  /** No more is coming: the last word is whole too. */
  end(): void {
    this.ended = true;
    this.finishing = this.pending / FINISH;
  }

  /** Milliseconds until something may be due again. */
  get wait(): number {
    return Math.max(SHORTEST, (1 - this.credit) / this.rate);
  }

  /** @returns what is due after so many more milliseconds */
  take(milliseconds: number): Piece[] {
    this.credit += this.rate * milliseconds;
    const out = this.give(Math.floor(this.credit + 1e-9));
    // Words that are not there yet are not owed later.
    this.credit = Math.min(this.credit, 1);
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
  private give(most: number): Piece[] {
    const out: Piece[] = [];
    for (let left = most; this.queue.length > 0; ) {
      const held = this.queue[0]!;
      const last = this.queue.length === 1 && !this.ended;
      if (held.kind === "other" || held.text === "") {
        if (left < 1 && held.kind !== "other") break;
        out.push(held.cut(held.text.length));
      } else {
        const { length, words } = wordsOf(held.text, left, last);
        if (length > 0) out.push(held.cut(length));
        left -= words;
        this.credit -= words;
        this.words += words;
        this.characters += length;
      }
      if (!held.empty) break;
      this.queue.shift();
    }
    return out;
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
