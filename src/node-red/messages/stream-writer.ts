import type { ChatResult } from "../../client/chat-types.js";
import type { Chunk } from "../../core/chat/chunk.js";
import { mergeChunks } from "../../core/chat/merge.js";
import { copyText } from "../../core/growing-text.js";
import { PartialValue } from "../../core/json/partial-value.js";
import type { Message, Parts, Send } from "../red/api.js";
import { copyLinkSource, copyParts, inheritProperties, LINK_SOURCE } from "./inherited-properties.js";

export interface StreamWriterOptions {
  /** The stream's id. */
  id: string;
  /** The message that asks for the stream. */
  message: Message;
  send: Send;
  /** Whether all chunks that one read of the socket brings leave as one message. */
  mergeReads: boolean;
  /** Whether messages of a JSON answer carry the object so far (`msg.partial`) if they change it. */
  partial?: boolean;
}

/** Sends a stream as messages: each with its `parts`, the last one with the count, the result and how the stream ended. */
export class StreamWriter {
  private index = 0;
  private heldText = "";
  private heldChunk: Chunk | undefined;
  private isHolding = false;
  /** Names of properties of the asking message that could not be read, because their getter throws. */
  readonly unreadable: string[] = [];
  /** Properties that each message of the stream inherits. */
  private readonly base: Message;
  private readonly outerParts: Parts | undefined;
  /** Whether the request came through a `link call` node or as a router's tool call. */
  private readonly hasLinks: boolean;
  private readonly partialView: PartialValue | undefined;

  constructor(private readonly options: StreamWriterOptions) {
    this.base = inheritProperties(options.message, this.unreadable);
    this.outerParts = copyParts(options.message.parts);
    this.hasLinks = LINK_SOURCE in this.base;
    if (options.partial) this.partialView = new PartialValue();
  }

  /** Sends a piece of plain answer text, or holds it until `flush` if reads are merged. */
  writeText(text: string): void {
    if (!this.options.mergeReads) {
      this.send(text, undefined);
      return;
    }
    this.heldText += text;
    this.isHolding = true;
  }

  /**
   * Sends a chunk, or holds it until `flush` if reads are merged.
   * @param text the chunk's answer text
   */
  writeChunk(chunk: Chunk, text: string): void {
    if (!this.options.mergeReads) {
      this.send(text, chunk);
      return;
    }
    this.heldText += text;
    this.heldChunk = this.heldChunk ? mergeChunks(this.heldChunk, chunk) : chunk;
    this.isHolding = true;
  }

  /** Takes text that the reader has already from an earlier stream of the same answer. */
  addReplayedText(text: string): void {
    this.partialView?.add(text);
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

  /**
   * Sends the last message.
   * @param fields further properties for it
   */
  end(result: ChatResult, fields: Message): void {
    this.flush();
    const message = this.createMessage("");
    message.parts!.count = this.index;
    message.complete = true;
    message.chunk = result.closing;
    message.finishReason = result.finishReason;
    message.usage = result.closing.usage ? structuredClone(result.closing.usage) : null;
    message.cost = result.cost;
    message.stats = result.stats;
    if (result.traceparent) message["traceparent"] = result.traceparent;
    if (result.failure) message.error = result.failure.toJSON();
    const partial = this.partialView?.end();
    if (partial !== undefined) message.partial = partial;
    this.options.send(Object.assign(message, fields));
  }

  private send(text: string, chunk: Chunk | undefined): void {
    const message = this.createMessage(copyText(text));
    if (chunk) message.chunk = chunk;
    const partial = this.partialView?.add(message.payload as string);
    if (partial !== undefined) message.partial = partial;
    this.options.send(message);
  }

  private createMessage(payload: string): Message {
    const parts: Parts = { id: this.options.id, index: this.index++, type: "string", ch: "" };
    if (this.outerParts) parts.parts = copyParts(this.outerParts)!;
    // Not `{ ...this.base, payload, parts }`: on Node.js 20, each property that is added to such a copy costs over 1 µs.
    const message: Message = Object.assign({}, this.base);
    message.payload = payload;
    message.parts = parts;
    if (this.hasLinks) message[LINK_SOURCE] = copyLinkSource(message[LINK_SOURCE]);
    return message;
  }
}
