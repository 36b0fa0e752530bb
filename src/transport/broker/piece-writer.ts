import type { Clock } from "../../core/clock.js";
import type { FailureData } from "../../core/failure.js";
import { isHighSurrogate } from "../../core/surrogates.js";
import type { BrokerLink } from "./link.js";

/** What a piece writer needs. */
export interface PieceWriterOptions {
  clock: Clock;
  link: BrokerLink;
  /** Sends a piece. @param number counts the pieces from 0 */
  onPiece(number: number, text: string): void;
  /** Called once, after the last piece. @param number how many pieces there were @param failure if the answer is not whole */
  onEnd(number: number, failure: FailureData | undefined): void;
}

/** Texts are gathered for this long: brokers handle few large messages better than many small ones. */
const GATHER_MS = 50;

/** Characters of a piece. Many brokers take messages of up to 128 KiB; escapes make a piece longer. */
const MAX_PIECE_CHARS = 16 * 1024;

/** UTF-8 has at most three bytes for a UTF-16 unit, and JSON writes `"`, `\\` and line breaks as two. */
const MAX_BYTES_PER_CHAR = 3;

/** What a message has beside its piece: topic, ids and number. */
const FRAME_BYTES = 512;

/** Writes an answer as numbered pieces. The first text leaves at once, later ones are gathered. */
export class PieceWriter {
  /** Called when nobody reads the answer any more. */
  onLeave: () => void = () => {};
  /** Called when the broker can be reached again. */
  onReady: () => void = () => {};
  private text = "";
  private number = 0;
  private timer: unknown;
  private isOver = false;
  private readonly unwatch: () => void;

  constructor(private readonly options: PieceWriterOptions) {
    const { link } = options;
    this.unwatch = link.watch(() => {
      if (link.isConnected) this.onReady();
    });
  }

  /** Whether the broker is connected. Do not write while it is not: the text would be lost. */
  get isReady(): boolean {
    return this.options.link.isConnected;
  }

  /** Writes text. Does nothing after the end. */
  write(text: string): void {
    if (this.isOver || text === "") return;
    this.text += text;
    if (this.number === 0 || this.text.length >= this.maxPieceChars) this.flush();
    else this.timer ??= this.options.clock.setTimer(() => this.flush(), GATHER_MS);
  }

  /** Ends the answer. @param failure if it is not whole */
  end(failure?: FailureData): void {
    if (this.isOver) return;
    this.flush();
    this.close();
    this.options.onEnd(this.number, failure);
  }

  /** Drops the rest of the answer, because the front does not wait for it any more. */
  leave(): void {
    if (this.isOver) return;
    this.close();
    this.onLeave();
  }

  /** The longest piece that the broker takes. */
  private get maxPieceChars(): number {
    const { maxMessageBytes = Number.POSITIVE_INFINITY } = this.options.link;
    const fitting = Math.floor((maxMessageBytes - FRAME_BYTES) / MAX_BYTES_PER_CHAR);
    return Math.max(2, Math.min(MAX_PIECE_CHARS, fitting));
  }

  private close(): void {
    this.isOver = true;
    this.unwatch();
    this.options.clock.clearTimer(this.timer);
  }

  private flush(): void {
    this.options.clock.clearTimer(this.timer);
    this.timer = undefined;
    while (this.text !== "") {
      const piece = this.text.slice(0, findCut(this.text, this.maxPieceChars));
      this.text = this.text.slice(piece.length);
      this.options.onPiece(this.number++, piece);
    }
  }
}

/** Finds where a piece ends, so that it cuts no character in two. */
function findCut(text: string, max: number): number {
  if (text.length <= max) return text.length;
  return isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max;
}
