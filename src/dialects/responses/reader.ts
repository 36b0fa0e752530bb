import type {
  Chunk,
  ChunkChoice,
  Delta,
  DeltaText,
  Logprobs,
  ToolCallDelta,
  Usage,
} from "../../core/chat/chunk.js";
import { buildFinishFields } from "../../core/chat/finish-reason.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { sendPiece } from "../chunk-kind.js";
import type { DecoderSink, ForeignDialect, ForeignReader, ReaderOptions } from "../dialect.js";
import type { HeldSize } from "../held-size.js";
import { isKeepAliveType } from "../keep-alive.js";
import type { Repeat } from "../template/repeat.js";
import { toNumber, toText } from "../wire-values.js";
import { CallItem } from "./call-item.js";
import { buildEchoDelta } from "./echo.js";
import { checkWholeResponse, isEnding, readEndReason } from "./ending.js";
import { type AddDelta, ItemEvents, type WireEvent } from "./item-events.js";
import { ItemList } from "./item-list.js";
import { MessageItem } from "./message-item.js";
import { type ItemListener, type OpenItem, readLogprobs } from "./open-item.js";
import { readResponsesUsage } from "./usage.js";

const PREFIX = "response.";

/** Fields of a response that are passed on. Most others repeat the request. */
const RESPONSE_FIELDS = [
  "service_tier",
  "incomplete_details",
  "conversation",
  "input_transformations",
  "moderation",
  "prompt_cache_diagnostics",
  "tool_usage",
] as const;

/** A response outside of any event has at least one of these fields. A keep-alive may have a status alone. */
const WHOLE_FIELDS = ["object", "output"] as const;

/**
 * The records of OpenAI's Responses API (OpenAI API reference, "Streaming events"; Open Responses specification), also as
 * other services and gateways imitate it: without indices, without the events that open or end an item, with ids that
 * change.
 */
export const RESPONSES: ForeignDialect = {
  label: "OpenAI Responses",
  canRead: ({ type, object }) =>
    typeof type === "string" ? type.startsWith(PREFIX) && !isKeepAliveType(type) : object === "response",
  createReader: (sink, options) => new ResponsesReader(sink, options),
};

class ResponsesReader implements ForeignReader, ItemListener {
  textLength = 0;
  hasReasoning = false;
  readonly held: HeldSize;
  private readonly items = new ItemList(this);
  private readonly events = new ItemEvents(this.items);
  private id = "";
  private model = "";
  private created = 0;
  private callCount = 0;
  /** Whether a part of the answer itself has arrived. */
  private hasBegun = false;
  /** Whether the current record has become a chunk. */
  private hasSent = false;
  private latestMessage: OpenItem | undefined;
  /** Whether a message's text came in several pieces with text of other messages in between. */
  private isMixed = false;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: ReaderOptions,
  ) {
    this.held = options.held;
  }

  read(record: WireEvent): Repeat | undefined {
    this.hasSent = false;
    this.events.addDelta = undefined;
    this.readEvent(record);
    if (this.options.everyChunk && !this.hasSent)
      this.send({ ...this.buildChunk({}), choices: [] }, "silent");
    const { addDelta } = this.events;
    return addDelta && buildRepeat(addDelta, readLogprobs(record["logprobs"]) !== undefined);
  }

  /** Takes the end marker of Chat Completions. It ends no answer of this dialect. */
  readMarker(): void {
    throw new Failure("interrupted", "The service ended the stream before the answer was complete.");
  }

  onText(text: string, item: OpenItem, logprobs?: Logprobs): void {
    if (item !== this.latestMessage) {
      this.isMixed ||= item.textLength > 0;
      this.latestMessage = item;
    }
    item.textLength += text.length;
    this.textLength += text.length;
    this.hasBegun = true;
    if (logprobs && text === "") this.send(this.buildChunk({}, { logprobs }), "rich");
    else if (logprobs) this.sendPiece("content", text, { logprobs });
    else if (this.options.everyChunk) this.send(this.buildChunk({ content: text }), "text", text);
    else {
      this.hasSent = true;
      this.sink.onText(text);
    }
  }

  onDelta(delta: Delta, logprobs?: Logprobs): void {
    this.hasBegun = true;
    this.send(this.buildChunk(delta, logprobs ? { logprobs } : {}), "rich");
  }

  onReasoning(text: string): void {
    this.hasReasoning = this.hasBegun = true;
    this.sendPiece("reasoning_content", text);
  }

  onToolCall(piece: ToolCallDelta): void {
    this.onDelta({ tool_calls: [piece] });
  }

  takeCallIndex(): number {
    return this.callCount++;
  }

  hasTool(name: string): boolean {
    return this.options.toolNames?.includes(name) === true;
  }

  private readEvent(event: WireEvent): void {
    const type = toText(event["type"]);
    const response = isObject(event["response"]) ? event["response"] : {};
    if (type === "") {
      // A record without a type and without anything of a response shows only that the connection lives.
      if (!WHOLE_FIELDS.some((field) => field in event)) return;
      checkWholeResponse(event);
      this.readEnd("completed", event);
      return;
    }
    const name = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type;
    if (isEnding(name)) this.readEnd(name, response);
    else if (name === "created" || name === "queued" || name === "in_progress")
      this.readStart(name, response);
    else this.events.read(name, event);
  }

  private readStart(name: string, response: WireEvent): void {
    const id = toText(response["id"]);
    const isOther = name === "created" && this.hasBegun && this.id !== "" && id !== "" && id !== this.id;
    if (isOther)
      throw new Failure("interrupted", "The service began another answer in the middle of this one.");
    const isFirst = this.id === "" && this.model === "";
    this.readIdentity(response);
    if (isFirst) this.send(this.buildChunk({ role: "assistant" }), "silent");
  }

  private readIdentity(response: WireEvent): void {
    this.id ||= toText(response["id"]);
    this.model ||= toText(response["model"]);
    this.created ||= Math.floor(toNumber(response["created_at"]) ?? 0);
  }

  private readEnd(name: string, response: WireEvent): void {
    this.readIdentity(response);
    const usage = readResponsesUsage(response["usage"]);
    const extras = Object.fromEntries(
      RESPONSE_FIELDS.map((field) => [field, response[field]]).filter(([, value]) => value ?? false),
    ) as Partial<Chunk>;
    if (usage) extras.usage = usage;
    let reason: string;
    try {
      reason = readEndReason(name, response);
    } catch (failure) {
      if (usage) this.send({ ...this.buildChunk({}), ...extras }, "silent");
      throw failure;
    }
    this.items.completeAll(Array.isArray(response["output"]) ? response["output"] : []);
    const { items } = this.items;
    const echo = buildEchoDelta(items, !this.isMixed);
    if (echo) this.onDelta(echo);
    const end = buildEnd(reason, items, this.callCount > 0, this.isAtLimit(usage));
    this.send({ ...this.buildChunk({}, end), ...extras }, "silent");
    this.sink.onMarker();
  }

  /** Whether the answer has as many tokens as the request allows. */
  private isAtLimit(usage: Usage | undefined): boolean {
    const { maxTokens } = this.options;
    const tokens = usage?.["completion_tokens"];
    return maxTokens !== undefined && typeof tokens === "number" && tokens >= maxTokens;
  }

  private send(chunk: Chunk, kind: "rich" | "text" | "silent", text = ""): void {
    this.hasSent = true;
    this.sink.onChunk(chunk, kind, text);
  }

  private sendPiece(field: DeltaText, piece: string, choice: Partial<ChunkChoice> = {}): void {
    this.hasSent = true;
    sendPiece(this.sink, this.buildChunk({ [field]: piece }, choice), field, piece);
  }

  private buildChunk(delta: Delta, choice: Partial<ChunkChoice> = {}): Chunk {
    return {
      id: this.id,
      object: "chat.completion.chunk",
      created: this.created,
      model: this.model,
      choices: [{ finish_reason: null, ...choice, index: 0, delta }],
    };
  }
}

/** Builds the repetition of an event that adds to a text. @param hasLogprobs whether it has token probabilities */
function buildRepeat(addDelta: AddDelta, hasLogprobs: boolean): Repeat {
  return {
    texts: ["/delta"],
    values: hasLogprobs ? ["/logprobs"] : [],
    ignored: ["/sequence_number", "/obfuscation"],
    apply: (texts, values) => addDelta(texts[0]!, readLogprobs(values[0])),
  };
}

/**
 * Builds the fields with which the choice ends. A call that was cut off ends the answer as `length`: nobody may run it.
 * @param isAtLimit whether the answer has all tokens that it may have. Some services call it whole all the same (llama.cpp).
 */
function buildEnd(
  reason: string,
  items: readonly OpenItem[],
  hasCalls: boolean,
  isAtLimit: boolean,
): Partial<ChunkChoice> {
  const fields = buildFinishFields(reason, hasCalls);
  const calls = items.filter((item) => item instanceof CallItem);
  const hasCutCall = calls.some(
    ({ isIncomplete, isDone, isReadable }) =>
      isIncomplete || (reason !== "completed" && !isDone) || (isAtLimit && !isReadable),
  );
  const hasRefusal = items.some((item) => item instanceof MessageItem && item.hasRefusal);
  if (fields.finish_reason === "content_filter") return fields;
  if (hasCutCall) return { ...fields, finish_reason: "length" };
  if (hasCalls || fields.finish_reason !== "stop") return fields;
  if (hasRefusal) return { ...fields, finish_reason: "content_filter" };
  return isAtLimit ? { ...fields, finish_reason: "length" } : fields;
}
