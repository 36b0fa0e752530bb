import type { Chunk } from "../../core/chat/chunk.js";
import { readChunk } from "../../core/chat/chunk-guard.js";
import { CompletionMachine } from "../../core/chat/completion.js";
import { Failure } from "../../core/failure.js";
import type { Message } from "../red/api.js";

/** Messages that may wait for one before them; no node that delays messages holds so many of one stream. */
const MOST_EARLY = 10_000;

/** Missing places that are named. */
const MOST_NAMED = 20;

/**
 * Puts the messages of one stream back in order and together. A node between may have delayed some (core `delay`
 * with random times): what is early waits, what came twice counts once, and what is missing at the end is named.
 */
export class Assembly {
  readonly machine = new CompletionMachine();
  /** The last message, once it has come. */
  last: Message | undefined;
  private next = 0;
  private readonly early = new Map<number, Message>();

  /** @param onTaken gets each message in its order, once it is put to the others, and its chunk where it has one */
  constructor(private readonly onTaken?: (message: Message, chunk: Chunk | undefined) => void) {}

  /**
   * Takes a message that has a place.
   * @throws Failure `limit`, or `bad_response` where too many wait for one that does not come
   */
  add(message: Message): void {
    const { index, count } = message.parts!;
    // Other sequences than ours (core `split`) say the count on each of their messages, so it is no end by itself.
    if (message.complete !== undefined || count === index + 1) this.last = message;
    if (index === this.next) {
      this.take(message);
      this.takeEarly();
    } else if (index > this.next) {
      this.early.set(index, message);
      if (this.early.size > MOST_EARLY) throw this.missingMessages();
    }
  }

  /** Whether the last message and all before it are here. */
  get whole(): boolean {
    return this.last !== undefined && this.early.size === 0;
  }

  /** Says which messages are missing before those that are here. */
  missingMessages(): Failure {
    const missing: number[] = [];
    const end = Math.max(...this.early.keys());
    for (let index = this.next; index < end && missing.length <= MOST_NAMED; index++) {
      if (!this.early.has(index)) missing.push(index);
    }
    const named = missing.slice(0, MOST_NAMED).join(", ");
    const more = missing.length > MOST_NAMED ? ", …" : "";
    return new Failure("bad_response", `The stream arrived with gaps: messages ${named}${more} are missing.`);
  }

  private take(message: Message): void {
    this.next++;
    const chunk = readChunk(message.chunk);
    const text = typeof message.payload === "string" ? message.payload : String(message.payload ?? "");
    if (chunk) this.machine.addChunk(chunk, text);
    else if (text !== "") this.machine.addText(text);
    this.onTaken?.(message, chunk);
  }

  private takeEarly(): void {
    for (let message = this.early.get(this.next); message; message = this.early.get(this.next)) {
      this.early.delete(this.next);
      this.take(message);
    }
  }
}
