import type { Chunk, ChunkChoice, Delta } from "../../core/chat/chunk.js";
import { buildFinishFields } from "../../core/chat/finish-reason.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { sendPiece } from "../chunk-kind.js";
import type { DecoderSink, ForeignDialect, ForeignReader, ReaderOptions } from "../dialect.js";
import type { HeldSize } from "../held-size.js";
import type { Repeat } from "../template/repeat.js";
import { toText } from "../wire-values.js";
import { type BlockListener, createImpliedBlock, type OpenBlock, openBlock } from "./blocks.js";
import { AnthropicOrder } from "./order.js";
import { AnthropicUsage } from "./usage.js";

/** The types that identify the dialect. `ping` is not one of them, because other services send it too. */
const EVENTS: ReadonlySet<unknown> = new Set([
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
]);

/** Fields of a message that have a place in Chat Completions. The others are passed on unchanged. */
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
 * The records of Anthropic's Messages API (Anthropic API reference, "Streaming Messages"), also as gateways forward
 * them: without indices, without the beginning of a block, without event names.
 */
export const ANTHROPIC: ForeignDialect = {
  label: "Anthropic Messages",
  canRead: (record) => EVENTS.has(record["type"]) || isMessage(record),
  createReader: (sink, options) => new AnthropicReader(sink, options),
};

class AnthropicReader implements ForeignReader, BlockListener {
  /** The open blocks by their index. */
  private readonly blocks = new Map<number, OpenBlock>();
  readonly held: HeldSize;
  private readonly order: AnthropicOrder;
  private usage: AnthropicUsage;
  /** Id of the current message. */
  private id = "";
  /** Id of the answer: that of its first message. */
  private answerId = "";
  private model = "";
  private callCount = 0;
  /** Blocks so far. Their own indices prove nothing: a gateway may send 0 for all of them. */
  private blockCount = 0;
  /** Whether a part of the answer itself has arrived. */
  private hasBegun = false;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: ReaderOptions,
  ) {
    this.held = options.held;
    this.order = new AnthropicOrder(options.held);
    this.usage = new AnthropicUsage(options.held);
  }

  read(record: Record<string, unknown>): Repeat | undefined {
    switch (record["type"]) {
      case "content_block_delta":
        return this.readBlockDelta(record);
      case "content_block_start":
        if (isObject(record["content_block"])) this.startBlock(readIndex(record), record["content_block"]);
        break;
      case "content_block_stop":
        this.closeBlock(readIndex(record));
        break;
      case "message_start":
        if (isObject(record["message"])) this.readMessageStart(record["message"]);
        break;
      case "message_delta":
        this.readMessageDelta(record);
        break;
      case "message_stop":
        this.closeAllBlocks();
        this.sink.onMarker();
        break;
      case "message":
        this.readWholeMessage(record);
        break;
      case "ping":
        this.sendEmptyChunk();
        break;
      default:
        // Anthropic may add types of events at any time (Anthropic's versioning policy).
        this.sink.onSkipped();
        this.sendEmptyChunk();
    }
    return undefined;
  }

  /** The next message belongs to the same answer: its blocks and calls are numbered on. */
  continueAnswer(): void {
    this.hasBegun = false;
    this.usage = new AnthropicUsage(this.held);
  }

  onText(text: string): void {
    this.order.addText(text.length);
    if (this.options.everyChunk) this.sink.onChunk(this.buildChunk({ content: text }), "text", text);
    else this.sink.onText(text);
  }

  onReasoning(text: string): void {
    sendPiece(this.sink, this.buildChunk({ reasoning_content: text }), "reasoning_content", text);
  }

  onTextBlock(): void {
    this.order.beginText();
  }

  onCitation(citation: Record<string, unknown>): void {
    this.order.addCitation(citation);
    this.sendDelta({ annotations: [toAnnotation(citation)] });
  }

  onDelta(delta: Delta): void {
    this.order.addDelta(delta);
    this.sendDelta(delta);
  }

  takeCallIndex(): number {
    return this.callCount++;
  }

  private readMessageStart(message: Record<string, unknown>): void {
    const id = toText(message["id"]);
    if (this.hasBegun) {
      if (id === this.id) return;
      throw new Failure("interrupted", "The service began another answer in the middle of this one.");
    }
    this.id = id;
    if (this.order.isEmpty) this.answerId = id;
    this.model = toText(message["model"]);
    this.usage.add(message["usage"]);
    const role = typeof message["role"] === "string" ? { role: message["role"] } : {};
    this.sendMetadata(role, {}, selectExtras(message, MESSAGE_FIELDS));
  }

  private readBlockDelta(record: Record<string, unknown>): Repeat | undefined {
    const delta = record["delta"];
    if (!isObject(delta)) return undefined;
    this.hasBegun = true;
    const index = readIndex(record);
    let block = this.blocks.get(index);
    if (!block) {
      block = createImpliedBlock(delta["type"], this);
      if (block) this.addBlock(index, block);
    }
    block?.addDelta(delta);
    return block && buildRepeat(delta, block);
  }

  private startBlock(index: number, start: Record<string, unknown>): void {
    this.hasBegun = true;
    this.closeBlock(index);
    this.addBlock(index, openBlock(start, this.blockCount++, this));
  }

  private addBlock(index: number, block: OpenBlock): void {
    if (this.blocks.size >= this.options.indices) {
      throw new Failure(
        "limit",
        `The service sent more than ${this.options.indices} content blocks at the same time.`,
      );
    }
    this.blocks.set(index, block);
  }

  private closeBlock(index: number): void {
    const block = this.blocks.get(index);
    this.blocks.delete(index);
    block?.close();
  }

  private closeAllBlocks(): void {
    for (const index of [...this.blocks.keys()]) this.closeBlock(index);
  }

  private readMessageDelta(record: Record<string, unknown>): void {
    const { type: _type, delta, usage, ...recordFields } = record;
    const { stop_reason: reason, ...deltaFields } = isObject(delta) ? delta : {};
    this.usage.add(usage);
    const extras = selectExtras(recordFields);
    if (typeof reason !== "string" || reason === "") {
      this.sendMetadata({}, {}, extras);
      return;
    }
    this.hasBegun = true;
    this.closeAllBlocks();
    const order = this.order.field;
    if (order) this.sendDelta(order);
    const ending = { ...selectExtras(deltaFields), ...buildFinishFields(reason, this.callCount > 0) };
    this.sendMetadata({}, ending, extras);
  }

  /** Reads the answer of a service that did not stream. After a stream, where gateways repeat it, it is ignored. */
  private readWholeMessage(message: Record<string, unknown>): void {
    if (this.hasBegun || !isMessage(message)) return;
    this.readMessageStart(message);
    for (const [index, block] of message.content.entries()) {
      if (!isObject(block)) continue;
      this.startBlock(index, block);
      this.closeBlock(index);
    }
    const { stop_reason, stop_sequence, stop_details } = message;
    this.readMessageDelta({ delta: { stop_reason, stop_sequence, stop_details } });
  }

  /** Sends the chunk of a record without content, if every record is to have its chunk. */
  private sendEmptyChunk(): void {
    if (this.options.everyChunk) this.sink.onChunk({ ...this.buildChunk({}), choices: [] }, "silent", "");
  }

  private sendDelta(delta: Delta): void {
    this.sink.onChunk(this.buildChunk(delta), "rich", "");
  }

  /** Sends a chunk without content, with the counts so far. */
  private sendMetadata(delta: Delta, choice: Partial<ChunkChoice>, extras: Record<string, unknown>): void {
    const chunk = this.buildChunk(delta, choice, extras);
    const usage = this.usage.build();
    if (usage) chunk.usage = usage;
    this.sink.onChunk(chunk, "silent", "");
  }

  private buildChunk(
    delta: Delta,
    choice: Partial<ChunkChoice> = {},
    extras: Record<string, unknown> = {},
  ): Chunk {
    return {
      ...extras,
      id: this.answerId,
      object: "chat.completion.chunk",
      created: 0,
      model: this.model,
      choices: [{ finish_reason: null, ...choice, index: 0, delta }],
    };
  }
}

/** Turns a citation into an annotation of Chat Completions, with all of Anthropic's own fields. */
function toAnnotation(citation: Record<string, unknown>): Record<string, unknown> {
  const type = typeof citation["url"] === "string" ? "url_citation" : "document_citation";
  return { type, [type]: citation };
}

/** Builds the repetition of a delta that has one text and nothing else, as the usual ones do. */
function buildRepeat({ type, ...rest }: Record<string, unknown>, block: OpenBlock): Repeat | undefined {
  const [field, ...others] = Object.keys(rest);
  if (field === undefined || others.length > 0 || typeof type !== "string") return undefined;
  return {
    texts: [`/delta/${field}`],
    apply: (texts) => block.addDelta({ type, [field]: texts[0] }),
  };
}

function isMessage(
  record: Record<string, unknown>,
): record is Record<string, unknown> & { content: unknown[] } {
  return record["type"] === "message" && Array.isArray(record["content"]);
}

function readIndex(record: Record<string, unknown>): number {
  return typeof record["index"] === "number" ? record["index"] : 0;
}

/** Selects the fields that have a value and are not known. */
function selectExtras(
  fields: Record<string, unknown>,
  known: ReadonlySet<string> = new Set(),
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => !known.has(key) && value !== null && value !== undefined),
  );
}
