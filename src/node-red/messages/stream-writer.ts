import type { ChatResult } from "../../client/chat-run.js";
import type { Chunk } from "../../core/chat/chunk.js";
import { ownCopy } from "../../core/chat/growing-text.js";
import { mergeChunks } from "../../core/chat/merge.js";
import { isObject } from "../../core/json/parse.js";
import { PartialView } from "../../core/json/partial-value.js";
import type { Message, Parts, Send } from "../red/api.js";

/**
 * What belongs to one stream or to one request and so does not ride along: the request's own fields (forty turns
 * of history on each of a thousand messages), and what an earlier stream's messages say of themselves.
 */
const NOT_CARRIED: ReadonlySet<string> = new Set([
  "payload",
  "parts",
  "messages",
  "model",
  "tools",
  "options",
  "conversation",
  "chunk",
  "partial",
  "complete",
  "finishReason",
  "usage",
  "stats",
  "rounds",
  "job",
  "request",
  "response",
  "error",
  "reset",
  "cancel",
  "flush",
  "createJob",
  "completeJob",
  // Own property of what was parsed from a hostile text; to assign it would change the copy's prototype.
  "__proto__",
]);

/** The way back to the `link call` nodes that a message came by (`60-link.js`). */
const LINKS = "_linkSource";

/** Deepest nesting of sequences that is kept: `split` within `split`. */
const DEEPEST_PARTS = 16;

/**
 * The properties of a message that ride along on every message of the stream it asks for.
 * @param unreadable gets the names of those whose getter throws; they stay behind
 */
export function carried(message: Message, unreadable: string[] = []): Message {
  const kept: Message = {};
  for (const key of Object.keys(message)) {
    if (NOT_CARRIED.has(key)) continue;
    try {
      kept[key] = key === LINKS ? copyLinks(message[key]) : message[key];
    } catch {
      unreadable.push(key);
    }
  }
  return kept;
}

/** A message without the marks of the stream it was the last of; its place in an outer sequence is restored. */
export function withoutStream(message: Message): Message {
  const kept = carried(message);
  const outer = copyParts(message.parts?.parts);
  if (outer) kept.parts = outer;
  return kept;
}

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
    this.base = carried(options.message, this.unreadable);
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

/** Each message its own: core's `link out` takes the last entry out of the list that it gets. */
function copyLinks(links: unknown): unknown {
  return Array.isArray(links) ? [...(links as unknown[])] : links;
}

/** Each message its own: core's `join` and `batch` write into the parts that they get. */
export function copyParts(parts: unknown, depth = 0): Parts | undefined {
  if (!isObject(parts) || depth === DEEPEST_PARTS) return undefined;
  const { parts: outer, ...own } = parts as unknown as Parts;
  const copy = copyParts(outer, depth + 1);
  return copy ? { ...own, parts: copy } : own;
}
