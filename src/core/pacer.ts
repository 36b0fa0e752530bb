import { wholeLength } from "./boundary.js";

/** A reader may be this far behind the model before the pace is raised to catch up; milliseconds. */
const PATIENCE = 1000;

/** Once the stream has ended nobody waits longer for the rest; milliseconds. */
const FINISH = 600;

/**
 * Gives out text word by word at an even pace, and faster when it falls behind. Pure: whoever owns it says how much
 * time has passed.
 */
export class Pacer {
  private text = "";
  private credit = 0;
  private ended = false;

  /** @param wordsPerSecond above 0 */
  constructor(private readonly wordsPerSecond: number) {}

  get empty(): boolean {
    return this.text === "";
  }

  push(text: string): void {
    this.text += text;
  }

  /** No more is coming: the last word is whole too. */
  end(): void {
    this.ended = true;
  }

  /** @returns what is due after so many more milliseconds; "" where nothing is. */
  take(milliseconds: number): string {
    const words = Math.max(1, this.text.length / 6);
    const wanted = (words * 1000) / (this.ended ? FINISH : PATIENCE);
    this.credit += (Math.max(this.wordsPerSecond, wanted) * milliseconds) / 1000;
    let out = "";
    while (this.credit >= 1) {
      const word = this.nextWord();
      if (word === "") {
        // Words that are not there yet are not owed later.
        this.credit = Math.min(this.credit, 1);
        break;
      }
      this.credit -= 1;
      out += word;
    }
    return out;
  }

  /** All of it, at once. */
  drain(): string {
    const { text } = this;
    this.text = "";
    return text;
  }

  private nextWord(): string {
    const match = /^\s*\S+\s*/.exec(this.text)?.[0] ?? this.text;
    // Scripts without spaces: a word is what the segmenter takes for one.
    const head = match.length > 24 ? firstWord(match) : match;
    if (head.length === this.text.length && !this.ended && !/\s$/.test(head)) return "";
    this.text = this.text.slice(head.length);
    return head;
  }
}

const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });

function firstWord(text: string): string {
  const next = WORDS.segment(text).containing(0);
  return next && next.segment.length > 0 ? next.segment : text.slice(0, wholeLength(text, "none"));
}
