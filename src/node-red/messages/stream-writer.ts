import type { ChatResult } from "../../client/chat-run.js";
import type { Chunk } from "../../core/chat/chunk.js";
import { ownCopy } from "../../core/chat/growing-text.js";
import { mergeChunks } from "../../core/chat/merge.js";
import { PartialView } from "../../core/json/partial-value.js";
import type { Message, Parts, Send } from "../red/api.js";
import { copyLinkSource, copyParts, inheritProperties, LINK_SOURCE } from "./inherited-properties.js";

export interface StreamWriterOptions {
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
  private isHolding = false;
  /** Names of the incoming message's properties that could not be read. */
  readonly unreadable: string[] = [];
  private readonly base: Message;
  private readonly outerParts: Parts | undefined;
  /** Whether the request came by a `link call`, or by a call of a router. */
  private readonly hasLinks: boolean;
  private readonly partialView: PartialView | undefined;

  constructor(private readonly options: StreamWriterOptions) {
    this.base = inheritProperties(options.message, this.unreadable);
    this.outerParts = copyParts(options.message.parts);
    this.hasLinks = LINK_SOURCE in this.base;
    if (options.partial) this.partialView = new PartialView();
  }

  writeText(text: string): void {
    if (!this.options.mergeReads) {
      this.send(text, undefined);
      return;
    }
    this.heldText += text;
    this.isHolding = true;
  }

  writeChunk(chunk: Chunk, text: string): void {
    if (!this.options.mergeReads) {
      this.send(text, chunk);
      return;
    }
    this.heldText += text;
    this.heldChunk = this.heldChunk ? mergeChunks(this.heldChunk, chunk) : chunk;
    this.isHolding = true;
  }

  /** Sends what is held. */
  flush(): void {
    if (!this.isHolding) return;
    const { heldText: text, heldChunk: chunk } = this;
    this.heldText = "";
    this.heldChunk = undefined;
    this.isHolding = false;
    const first = chunk?.choices.find(({ index }) => index === 0);
    if (first && text) first.delta.content = text;
    this.send(text, chunk);
  }

  /** @param fields what the last message has beside the result's own */
  end(result: ChatResult, fields: Message): void {
    this.flush();
    const message = this.createMessage("");
    message.parts!.count = this.index;
    message.complete = true;
    message.chunk = result.closing;
    message.finishReason = result.finishReason;
    message.usage = structuredClone(result.closing.usage ?? null);
    message.stats = result.stats;
    if (result.failure) message.error = result.failure.toJSON();
    const unseen = this.partialView?.end();
    if (unseen !== undefined) message.partial = unseen;
    this.options.send(Object.assign(message, fields));
  }

  private send(text: string, chunk: Chunk | undefined): void {
    const message = this.createMessage(ownCopy(text));
    if (chunk) message.chunk = chunk;
    const grown = this.partialView?.add(message.payload as string);
    if (grown !== undefined) message.partial = grown;
    this.options.send(message);
  }

  private createMessage(payload: string): Message {
    const parts: Parts = { id: this.options.id, index: this.index++, type: "string", ch: "" };
    if (this.outerParts) parts.parts = copyParts(this.outerParts)!;
    const message: Message = { ...this.base, payload, parts };
    if (this.hasLinks) message[LINK_SOURCE] = copyLinkSource(message[LINK_SOURCE]);
    return message;
  }
}
