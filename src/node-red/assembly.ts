import { CompletionMachine } from "../core/completion.js";
import { readChunk } from "../core/read-chunk.js";
import type { Message } from "./red.js";

/**
 * Puts the messages of one stream back in order and together. A node between may have delayed some (core `delay`
 * with random times): what is early waits, and what is missing at the end is named.
 */
export class Assembly {
  readonly machine = new CompletionMachine();
  /** The last message, once it has come. */
  last: Message | undefined;
  /** Messages taken so far. */
  count = 0;
  private next = 0;
  private early: Map<number, Message> | undefined;

  /** @throws Failure `limit` */
  add(message: Message): void {
    const index = message.parts!.index;
    this.count++;
    if (message.complete !== undefined || message.parts!.count !== undefined) this.last = message;
    if (index === this.next) {
      this.take(message);
      if (this.early) this.takeEarly();
    } else if (index > this.next) {
      this.early ??= new Map();
      this.early.set(index, message);
    }
  }

  /** Whether the last message and all before it are here. */
  get whole(): boolean {
    return this.last !== undefined && (this.early === undefined || this.early.size === 0);
  }

  /** Places that are missing before what is here. */
  get missing(): number[] {
    const known = [...(this.early?.keys() ?? [])];
    const end = Math.max(this.next, ...known);
    const missing: number[] = [];
    for (let index = this.next; index < end && missing.length < 20; index++) {
      if (!this.early?.has(index)) missing.push(index);
    }
    return missing;
  }

  private take(message: Message): void {
    this.next++;
    const chunk = readChunk(message.chunk);
    const text = typeof message.payload === "string" ? message.payload : String(message.payload ?? "");
    if (chunk) this.machine.addChunk(chunk, text);
    else if (text !== "") this.machine.addText(text);
  }

  private takeEarly(): void {
    for (let message = this.early!.get(this.next); message; message = this.early!.get(this.next)) {
      this.early!.delete(this.next);
      this.take(message);
    }
  }
}
