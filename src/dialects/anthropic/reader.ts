import type { Chunk, ChunkChoice, Delta } from "../../core/chat/chunk.js";
import { buildFinishFields } from "../../core/chat/finish-reason.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import type { DecoderOptions, DecoderSink, ForeignDialect, ForeignReader } from "../dialect.js";
import { type BlockListener, type ContentBlock, createImpliedBlock, openBlock } from "./blocks.js";
import { AnthropicOrder } from "./order.js";
import { AnthropicUsage } from "./usage.js";

/** The records by which the dialect is told. A `ping` is not one of them: others ping too. */
const EVENTS: ReadonlySet<unknown> = new Set([
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
]);

/** Fields of a message that are told in another form. */
const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  "id",
  "type",
  "role",
  "model",
  "content",
  "usage",
  "stop_reason",
  "stop_sequence",
  "stop_details",
]);

/**
 * The records of Anthropic's Messages API (API reference, "Streaming Messages"), also as gateways forward them: without
 * indices, without the beginning of a block, without names of events.
 */
export const ANTHROPIC: ForeignDialect = {
  canRead: (record) => EVENTS.has(record["type"]) || isMessage(record),
  createReader: (sink, options) => new AnthropicReader(sink, options),
};

class AnthropicReader implements ForeignReader, BlockListener {
  private readonly blocks = new Map<number, ContentBlock>();
  private readonly order = new AnthropicOrder();
  private readonly usage = new AnthropicUsage();
  private id = "";
  private model = "";
  private calls = 0;
  /** Blocks so far. Gateways may call them all 0. */
  private opened = 0;
  /** Whether anything of the answer itself has come. */
  private begun = false;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: DecoderOptions,
  ) {}

  read(record: Record<string, unknown>): void {
    switch (record["type"]) {
      case "content_block_delta":
        this.piece(record);
        break;
      case "content_block_start":
        if (isObject(record["content_block"])) this.open(indexOf(record), record["content_block"]);
        break;
      case "content_block_stop":
        this.close(indexOf(record));
        break;
      case "message_start":
        if (isObject(record["message"])) this.start(record["message"]);
        break;
      case "message_delta":
        this.finish(record);
        break;
      case "message_stop":
        this.closeAll();
        this.sink.onMarker();
        break;
      case "message":
        this.whole(record);
        break;
      case "ping":
        this.idle();
        break;
      default:
        // Events that are yet to be invented (Anthropic's versioning policy).
        this.sink.onSkipped();
        this.idle();
    }
  }

  onText(text: string): void {
    this.order.addText(text.length);
    if (this.options.everyChunk) this.sink.onChunk(this.chunk({ content: text }), "text", text);
    else this.sink.onText(text);
  }

  onDelta(delta: Delta): void {
    this.order.addDelta(delta);
    this.tell(delta);
  }

  private tell(delta: Delta): void {
    this.sink.onChunk(this.chunk(delta), "rich", "");
  }

  takeCallIndex(): number {
    return this.calls++;
  }

  private start(message: Record<string, unknown>): void {
    const id = typeof message["id"] === "string" ? message["id"] : "";
    if (this.begun) {
      if (id === this.id) return;
      throw new Failure("interrupted", "The service began another answer in the middle of this one.");
    }
    this.id = id;
    this.model = typeof message["model"] === "string" ? message["model"] : "";
    this.usage.add(message["usage"]);
    const role = typeof message["role"] === "string" ? { role: message["role"] } : {};
    this.aside(role, {}, others(message, MESSAGE_FIELDS));
  }

  private piece(record: Record<string, unknown>): void {
    const delta = record["delta"];
    if (!isObject(delta)) return;
    this.begun = true;
    const index = indexOf(record);
    let block = this.blocks.get(index);
    if (!block) {
      block = createImpliedBlock(delta["type"], this);
      if (block) this.keep(index, block);
    }
    block?.addDelta(delta);
  }

  private open(index: number, start: Record<string, unknown>): void {
    this.begun = true;
    this.close(index);
    this.keep(index, openBlock(start, this.opened++, this));
  }

  private keep(index: number, block: ContentBlock): void {
    if (this.blocks.size >= this.options.indices) {
      throw new Failure(
        "limit",
        `The service sent more than ${this.options.indices} content blocks side by side.`,
      );
    }
    this.blocks.set(index, block);
  }

  private close(index: number): void {
    const block = this.blocks.get(index);
    this.blocks.delete(index);
    block?.close();
  }

  private closeAll(): void {
    for (const index of [...this.blocks.keys()]) this.close(index);
  }

  private finish(record: Record<string, unknown>): void {
    const { type: _type, delta, usage, ...rest } = record;
    const { stop_reason: reason, ...more } = isObject(delta) ? delta : {};
    this.usage.add(usage);
    if (typeof reason === "string" && reason !== "") {
      this.begun = true;
      this.closeAll();
      const { told } = this.order;
      if (told) this.tell(told);
      this.aside({}, { ...others(more), ...buildFinishFields(reason, this.calls > 0) }, others(rest));
    } else this.aside({}, {}, others(rest));
  }

  /** The answer of a service that did not stream; behind a stream (gateways) it is what has been said. */
  private whole(message: Record<string, unknown>): void {
    if (this.begun || !isMessage(message)) return;
    this.start(message);
    for (const [index, block] of message.content.entries()) {
      if (!isObject(block)) continue;
      this.open(index, block);
      this.close(index);
    }
    const { stop_reason, stop_sequence, stop_details } = message;
    this.finish({ delta: { stop_reason, stop_sequence, stop_details } });
  }

  private idle(): void {
    if (this.options.everyChunk) this.sink.onChunk({ ...this.chunk({}), choices: [] }, "silent", "");
  }

  /** Tells what is no part of the answer, and the counts as they are now. */
  private aside(delta: Delta, choice: Partial<ChunkChoice>, more: Record<string, unknown>): void {
    const chunk = this.chunk(delta, choice, more);
    const { usage } = this.usage;
    if (usage) chunk.usage = usage;
    this.sink.onChunk(chunk, "silent", "");
  }

  private chunk(delta: Delta, choice: Partial<ChunkChoice> = {}, more: Record<string, unknown> = {}): Chunk {
    return {
      ...more,
      id: this.id,
      object: "chat.completion.chunk",
      created: 0,
      model: this.model,
      choices: [{ finish_reason: null, ...choice, index: 0, delta }],
    };
  }
}

function isMessage(
  record: Record<string, unknown>,
): record is Record<string, unknown> & { content: unknown[] } {
  return record["type"] === "message" && Array.isArray(record["content"]);
}

function indexOf(record: Record<string, unknown>): number {
  return typeof record["index"] === "number" ? record["index"] : 0;
}

/** What has a value and is not told otherwise. */
function others(
  fields: Record<string, unknown>,
  known: ReadonlySet<string> = new Set(),
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => !known.has(key) && value !== null && value !== undefined),
  );
}
