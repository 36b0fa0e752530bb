import type { ChatResult } from "../../client/chat-run.js";
import type { Chunk } from "../../core/chat/chunk.js";
import { ownCopy } from "../../core/chat/growing-text.js";
import { mergeChunks } from "../../core/chat/merge.js";
import { PartialView } from "../../core/json/partial-value.js";
import type { Message, Parts, Send } from "../red/api.js";
import { copyLinks, copyParts, inheritedProperties, LINKS } from "./inherited-properties.js";

export interface WriterOptions {
  /** The stream's id. */
  id: string;
  /** The incoming message. */
  message: Message;
  send: Send;
  /** One message for all chunks that one read of the socket brings. */
  mergeReads: boolean;
  /** Whether a message that adds to the object that the text stands for carries it as far as it is. */
  partial?: boolean;
}

/** Writes a stream as messages: each with its place, the last one with the count and the end's own fields. */
export class StreamWriter {
  private index = 0;
  private heldText = "";
  private heldChunk: Chunk | undefined;
  private holding = false;
  /** Names of the incoming message's properties that could not be read. */
  readonly unreadable: string[] = [];
  private readonly base: Message;
  private readonly outer: Parts | undefined;
  /** Whether the request came by a `link call`, or by a call of a router. */
  private readonly linked: boolean;
  private readonly view: PartialView | undefined;

  constructor(private readonly options: WriterOptions) {
    this.base = inheritedProperties(options.message, this.unreadable);
    this.outer = copyParts(options.message.parts);
    this.linked = LINKS in this.base;
    if (options.partial) this.view = new PartialView();
  }

  text(text: string): void {
    if (!this.options.mergeReads) {
      this.write(text, undefined);
      return;
    }
    this.heldText += text;
    this.holding = true;
  }

  chunk(chunk: Chunk, text: string): void {
    if (!this.options.mergeReads) {
      this.write(text, chunk);
      return;
    }
    this.heldText += text;
    this.heldChunk = this.heldChunk ? mergeChunks(this.heldChunk, chunk) : chunk;
    this.holding = true;
  }

  /** Sends what is held. */
  flush(): void {
    if (!this.holding) return;
    const { heldText: text, heldChunk: chunk } = this;
    this.heldText = "";
    this.heldChunk = undefined;
    this.holding = false;
    const first = chunk?.choices.find(({ index }) => index === 0);
    if (first && text) first.delta.content = text;
    this.write(text, chunk);
  }

  /** @param fields what the last message has beside the result's own */
  end(result: ChatResult, fields: Message): void {
    this.flush();
    const message = this.compose("");
    message.parts!.count = this.index;
    message.complete = true;
    message.chunk = result.closing;
    message.finishReason = result.finishReason;
    message.usage = structuredClone(result.closing.usage ?? null);
    message.stats = result.stats;
    if (result.failure) message.error = result.failure.toJSON();
    const unseen = this.view?.end();
    if (unseen !== undefined) message.partial = unseen;
    this.options.send(Object.assign(message, fields));
  }

  private write(text: string, chunk: Chunk | undefined): void {
    const message = this.compose(ownCopy(text));
    if (chunk) message.chunk = chunk;
    const grown = this.view?.add(message.payload as string);
    if (grown !== undefined) message.partial = grown;
    this.options.send(message);
  }

  private compose(payload: string): Message {
    const parts: Parts = { id: this.options.id, index: this.index++, type: "string", ch: "" };
    if (this.outer) parts.parts = copyParts(this.outer)!;
    const message: Message = { ...this.base, payload, parts };
    if (this.linked) message[LINKS] = copyLinks(message[LINKS]);
    return message;
  }
}
