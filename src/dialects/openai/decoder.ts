import type { Chunk, ChunkChoice, Delta, ToolCallDelta } from "../../core/chat/chunk.js";
import { isUnfinished } from "../../core/chat/finish-reason.js";
import { mergeDuplicateChoices } from "../../core/chat/merge.js";
import type { ReasoningPlace } from "../../core/chat/vendor-echo.js";
import { Failure, type FailureDetails } from "../../core/failure.js";
import { tryParseLooseJson } from "../../core/json/loose.js";
import { isObject, isWithinDepth, mayNestDeeper } from "../../core/json/parse.js";
import { getAnswerText, isRichChoice, toChunkKind } from "../chunk-kind.js";
import type { ChunkKind, Decoder, DecoderOptions, DecoderSink, ForeignReader } from "../dialect.js";
import { FOREIGN_DIALECTS } from "../foreign-dialects.js";
import { isKeepAlive } from "../keep-alive.js";
import { reportFailures } from "../report-failures.js";
import { readStreamError, takeChoiceError } from "../stream-error.js";
import { parseIndex } from "../wire-values.js";
import { Citations } from "./citations.js";
import { mayHoldAnswer, normaliseDelta, normaliseMessage } from "./delta.js";
import { PieceTemplate } from "./piece-template.js";
import { PADDING_FIELDS, TextTemplate } from "./text-template.js";
import { ToolCallTrackers } from "./tool-call-trackers.js";
import { findUsage } from "./usage.js";
import {
  dropField,
  getRecordText,
  hasLogprobs,
  isChoice,
  isRepeatable,
  isUnknownDialect,
  removeUndefinedFields,
} from "./wire-chunk.js";

const END_MARKER = "[DONE]";

const NOT_JSON =
  "A record of the stream is not JSON, so text may be missing. If this service is known for stray records, tick “Skip broken records” in its provider.";

const WRONG_SHAPE =
  "The service's stream is not in the form of Chat Completions. Check the base URL and the provider.";

const MARKUP = "The service answered with markup, such as a web page, instead of JSON. Check the base URL.";

/**
 * Decodes a stream of Chat Completions (OpenAI API reference, "chat.completion.chunk") in all the variants that services
 * really send. Records in the form of another dialect go to a reader of that dialect.
 */
export class OpenAiDecoder implements Decoder {
  private readonly textTemplate = new TextTemplate();
  private readonly pieceTemplate = new PieceTemplate();
  private foreignReader: ForeignReader | undefined;
  private readonly trackers: ToolCallTrackers;
  /** Whether a delta had content. Some services add the whole message to chunks; it counts only if no delta had any. */
  private sawDelta = false;
  /** Whether a chunk had a place for an answer, even if that was empty. */
  private sawAnswer = false;
  private readonly citations: Citations;
  private reasoningPlace: ReasoningPlace | undefined;
  private id = "";
  private model = "";
  private created = 0;

  constructor(
    private readonly sink: DecoderSink,
    private readonly options: DecoderOptions,
  ) {
    const { toolNames = [], indices } = options;
    this.citations = new Citations(toolNames);
    this.trackers = new ToolCallTrackers(toolNames, indices);
  }

  decode(data: string, event?: string, last = false): void {
    if (!this.options.everyChunk && event !== "error") {
      if (this.foreignReader?.match?.(data)) return;
      const text = this.textTemplate.match(data);
      if (text !== undefined) {
        this.sink.onText(text);
        return;
      }
      const piece = this.pieceTemplate.match(data, this.trackers.get);
      if (piece) {
        this.sink.onChunk(piece, toChunkKind(piece.choices.some(isRichChoice), ""), "");
        return;
      }
    }
    const content = data.trim();
    if (content.startsWith(END_MARKER)) this.end();
    // Blank data is not a record. Neither is a keep-alive comment, which a gateway may forward as data.
    else if (content !== "" && !content.startsWith(":")) this.decodeRecord(content, event, last);
  }

  flush(): void {
    reportFailures(this.reportFailure, () => {
      for (const [index, pieces] of this.trackers.flush())
        this.sink.onChunk(this.buildCallChunk(index, pieces), "rich", "");
      this.sink.flush?.();
    });
  }

  /** Ends the stream at its end marker. */
  private end(): void {
    const reader = this.foreignReader;
    if (reader?.readMarker) {
      reportFailures(this.reportFailure, () => reader.readMarker!());
      return;
    }
    this.flush();
    this.sink.onMarker();
  }

  private buildCallChunk(index: number, pieces: ToolCallDelta[]): Chunk {
    const { id, created, model } = this;
    const choice: ChunkChoice = { index, delta: { tool_calls: pieces }, finish_reason: null };
    return { id, object: "chat.completion.chunk", created, model, choices: [choice] };
  }

  private decodeRecord(data: string, event: string | undefined, last: boolean): void {
    const record = tryParseLooseJson(data);
    if (!isObject(record) && event !== "error" && isKeepAlive(data, record, event)) return;
    if (record === undefined) {
      this.handleMalformed(data, event, last);
      return;
    }
    const { depth } = this.options;
    if (mayNestDeeper(data, depth) && !isWithinDepth(record, depth)) {
      this.sink.onFailure(new Failure("limit", `The service sent JSON nested deeper than ${depth} levels.`));
      return;
    }
    const failure = readStreamError(record, event) ?? takeChoiceError(record);
    if (failure) {
      // OpenRouter sends choices and usage together with the error. They are kept, and the error ends the stream.
      if (isObject(record)) {
        delete record["error"];
        if (Array.isArray(record["choices"])) this.handleChunk(data, record);
        else if (Array.isArray(record["candidates"])) this.readForeign(data, record, event);
      }
      this.sink.onFailure(failure);
    } else if (!isObject(record)) this.rejectRecord(WRONG_SHAPE);
    else if (record["choices"] === undefined && this.readForeign(data, record, event)) return;
    else this.handleChunk(data, record);
  }

  /** Reads a record of another dialect. @returns whether it was one */
  private readForeign(data: string, record: Record<string, unknown>, event: string | undefined): boolean {
    const { sink, options } = this;
    this.foreignReader ??= FOREIGN_DIALECTS.find((dialect) => dialect.canRead(record))?.createReader(
      sink,
      options,
    );
    if (this.foreignReader) {
      reportFailures(this.reportFailure, () => this.foreignReader!.read(record, event, data));
      return true;
    }
    if (!isUnknownDialect(record)) return false;
    sink.onSkipped();
    return true;
  }

  /**
   * Handles data that is not JSON. If a gateway inserts an error before an event is complete, the data has two records,
   * one on each line.
   */
  private handleMalformed(data: string, event: string | undefined, last: boolean): void {
    const lines = data.split("\n");
    if (lines.length > 1 && lines.some((line) => tryParseLooseJson(line) !== undefined)) {
      for (const line of lines) this.decode(line, event, last);
      return;
    }
    if (data.startsWith("<")) {
      this.rejectRecord(MARKUP);
      return;
    }
    // The connection ended inside this record. That is reported when the end of the answer is missing.
    if (last) return;
    if (event === "error") this.sink.onFailure(readStreamError(data, event)!);
    else this.rejectRecord(NOT_JSON, { retryable: true });
  }

  private readonly reportFailure = (failure: Failure): void => this.sink.onFailure(failure);

  private readonly reportRecord = (failure: Failure): void => {
    if (failure.code === "bad_response") this.sink.onBadRecord(failure);
    else this.sink.onFailure(failure);
  };

  /** Reports that a record cannot be used; a tolerant decoder skips it. */
  private rejectRecord(message: string, details: FailureDetails = {}): void {
    if (this.options.tolerant) this.sink.onSkipped();
    else this.sink.onBadRecord(new Failure("bad_response", message, details));
  }

  private handleChunk(data: string, record: Record<string, unknown>): void {
    const choices = record["choices"] ?? [];
    if (!Array.isArray(choices) || !choices.every(isChoice)) {
      this.rejectRecord(WRONG_SHAPE);
      return;
    }
    reportFailures(this.reportRecord, () => {
      this.citations.moveToAnnotations(record, choices);
      const chunk = this.normaliseChunk(record, choices);
      const text = getAnswerText(chunk);
      const kind = this.getKind(chunk, text);
      if (kind === "rich") removeUndefinedFields(chunk);
      if (kind === "rich" && text === "" && isRepeatable(chunk)) this.pieceTemplate.learn(data, chunk);
      else this.pieceTemplate.forget();
      this.sink.onChunk(chunk, kind, text);
      if (kind === "text" && isRepeatable(chunk)) this.textTemplate.learn(data, getRecordText);
      else this.textTemplate.forget();
    });
  }

  /** Brings a record into canonical form, in place. */
  private normaliseChunk(record: Record<string, unknown>, choices: Record<string, unknown>[]): Chunk {
    const usage = findUsage(record, choices);
    record["choices"] = mergeDuplicateChoices(
      choices.map((choice) => this.normaliseChoice(choice)),
      this.options.indices,
    );
    if (usage) record["usage"] = usage;
    else dropField(record, "usage");
    this.unifyIdentity(record);
    for (const field of PADDING_FIELDS) dropField(record, field);
    return record as Chunk;
  }

  /**
   * Gives all chunks the first id, model and time of the stream. Some services change ids within a stream (Copilot,
   * ChoreoAI) or send them late (Azure).
   */
  private unifyIdentity(record: Record<string, unknown>): void {
    if (typeof record["id"] === "string") this.id ||= record["id"];
    if (typeof record["model"] === "string") this.model ||= record["model"];
    if (typeof record["created"] === "number") this.created ||= record["created"];
    record["id"] = this.id;
    record["model"] = this.model;
    record["created"] = this.created;
  }

  private normaliseChoice(wire: Record<string, unknown>): ChunkChoice {
    const index = parseIndex(wire["index"] ?? 0, "choice");
    if (index >= this.options.indices) {
      throw new Failure("limit", `The service sent a choice beyond the limit of ${this.options.indices}.`);
    }
    const delta = this.readDelta(wire);
    const reason = wire["finish_reason"];
    const isEnd = typeof reason === "string" && !isUnfinished(reason);
    this.trackers.normalise(index, delta, isEnd);
    dropField(wire, "message");
    dropField(wire, "usage");
    wire["index"] = index;
    wire["delta"] = delta;
    if (!isEnd) wire["finish_reason"] = null;
    if (!hasLogprobs(wire["logprobs"])) dropField(wire, "logprobs");
    return wire as ChunkChoice;
  }

  private readDelta(wire: Record<string, unknown>): Delta {
    const { delta, message, text, finish_reason: reason } = wire;
    this.sawAnswer ||= (delta ?? message ?? text ?? undefined) !== undefined;
    if (!this.sawAnswer && reason === "stop" && mayHoldAnswer(wire))
      throw new Failure("bad_response", WRONG_SHAPE);
    if (isObject(delta)) {
      this.noteReasoning(normaliseDelta(delta));
      for (const key in delta) if (key !== "role") this.sawDelta = true;
      // A message that comes with empty deltas may still grow. It is complete when the finish reason arrives.
      if (this.sawDelta || !isObject(message) || !reason) return delta;
    }
    if (this.sawDelta) return {};
    if (isObject(message)) {
      this.noteReasoning(normaliseMessage(message));
      return message;
    }
    if (typeof text !== "string") return {};
    // The form of the legacy Completions API (OpenAI API reference, "Completions").
    delete wire["text"];
    return text === "" ? {} : { content: text };
  }

  private noteReasoning(place: ReasoningPlace | undefined): void {
    if (place === undefined || place === this.reasoningPlace) return;
    this.reasoningPlace = place;
    this.options.onReasoning?.(place);
  }

  private getKind(chunk: Chunk, text: string): ChunkKind {
    const { citations, search_results: results } = chunk;
    return toChunkKind(
      this.citations.updateLists([citations, results]) || chunk.choices.some(isRichChoice),
      text,
    );
  }
}
