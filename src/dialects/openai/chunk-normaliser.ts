import type { Chunk, ChunkChoice, Delta, ToolCallDelta } from "../../core/chat/chunk.js";
import { isUnfinished } from "../../core/chat/finish-reason.js";
import { mergeDuplicateChoices } from "../../core/chat/merge.js";
import type { ReasoningPlace } from "../../core/chat/vendor-echo.js";
import { Failure } from "../../core/failure.js";
import { isObject } from "../../core/json/parse.js";
import { getAnswerText, isRichChoice, toChunkKind } from "../chunk-kind.js";
import type { ChunkKind, ReaderOptions } from "../dialect.js";
import { parseIndex } from "../wire-values.js";
import { Citations } from "./citations.js";
import { mayHoldAnswer, normaliseDelta, normaliseMessage } from "./delta.js";
import { unifyLogprobs } from "./logprobs.js";
import type { ToolCallTracker } from "./tool-call-tracker.js";
import { ToolCallTrackers } from "./tool-call-trackers.js";
import { findUsage } from "./usage.js";
import { dropField, hasLogprobs, removeUndefinedFields } from "./wire-chunk.js";

/** Top-level fields with random padding against traffic analysis (OpenAI `obfuscation`, Mistral `p`). */
export const PADDING_FIELDS = ["obfuscation", "p"] as const;

/** The error if a service's stream cannot be read as Chat Completions. */
export const WRONG_SHAPE =
  "The service's stream is not in the form of Chat Completions. Check the base URL and the provider.";

/** What a record became: a chunk in the common form. */
export interface NormalisedChunk {
  chunk: Chunk;
  kind: ChunkKind;
  /** What the chunk adds to the text of the first choice. */
  text: string;
}

type Fields = Record<string, unknown>;

/** Brings the records of one stream into the common form. It has only the state that the form of the records requires. */
export class ChunkNormaliser {
  /** Whether a choice has had a finish reason. */
  hasFinished = false;
  /** Whether a chunk had a place for an answer, even if that was empty. */
  sawAnswer = false;
  private readonly trackers: ToolCallTrackers;
  private readonly citations: Citations;
  /** Whether a delta had content. Some services add the whole message to chunks; it counts only if no delta had any. */
  private sawDelta = false;
  private reasoningPlace: ReasoningPlace | undefined;
  private id = "";
  private model = "";
  private created = 0;

  constructor(private readonly options: ReaderOptions) {
    const { toolNames = [], indices, held } = options;
    this.citations = new Citations(toolNames, held);
    this.trackers = new ToolCallTrackers(toolNames, indices, held);
  }

  /** Top-level fields whose first value in the stream counts and has come, so that later ones do not matter. */
  get settledFields(): string[] {
    const { id, model, created } = this;
    return Object.entries({ id, model, created }).flatMap(([field, value]) => (value ? [field] : []));
  }

  /** Whether the service has called its own search tool, so that the next calls may be such ones, too. */
  get hasOwnCalls(): boolean {
    return this.citations.hasSearches;
  }

  /** Gets the tracker of a choice's tool calls. */
  getTracker(choice: number): ToolCallTracker {
    return this.trackers.get(choice);
  }

  /**
   * Brings a record into the common form, in place.
   * @param choices the record's choices
   * @param isNew false if the record was read before: its tool calls are then left as they are
   * @throws Failure if the record cannot be used
   */
  normalise(record: Fields, choices: Fields[], isNew = true): NormalisedChunk {
    this.citations.moveToAnnotations(record, choices);
    const chunk = this.normaliseChunk(record, choices, isNew);
    const text = getAnswerText(chunk);
    const kind = this.getKind(chunk, text);
    if (kind === "rich") removeUndefinedFields(chunk);
    return { chunk, kind, text };
  }

  /** Ends all tool calls. @returns chunks with what was held back */
  flush(): Chunk[] {
    return this.trackers.flush().map(([index, pieces]) => this.buildCallChunk(index, pieces));
  }

  private buildCallChunk(index: number, pieces: ToolCallDelta[]): Chunk {
    const { id, created, model } = this;
    const choice: ChunkChoice = { index, delta: { tool_calls: pieces }, finish_reason: null };
    return { id, object: "chat.completion.chunk", created, model, choices: [choice] };
  }

  /** Brings a record into the common form, in place. */
  private normaliseChunk(record: Fields, choices: Fields[], isNew: boolean): Chunk {
    const usage = findUsage(record, choices);
    record["choices"] = mergeDuplicateChoices(
      choices.map((choice) => this.normaliseChoice(choice, isNew)),
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
  private unifyIdentity(record: Fields): void {
    if (typeof record["id"] === "string") this.id ||= record["id"];
    if (typeof record["model"] === "string") this.model ||= record["model"];
    if (typeof record["created"] === "number") this.created ||= record["created"];
    record["id"] = this.id;
    record["model"] = this.model;
    record["created"] = this.created;
  }

  private normaliseChoice(wire: Fields, isNew: boolean): ChunkChoice {
    const index = parseIndex(wire["index"] ?? 0, "choice");
    if (index >= this.options.indices) {
      throw new Failure("limit", `The service sent a choice beyond the limit of ${this.options.indices}.`);
    }
    const delta = this.readDelta(wire);
    const reason = wire["finish_reason"];
    const isEnd = typeof reason === "string" && !isUnfinished(reason);
    this.hasFinished ||= isEnd;
    if (isNew) this.trackers.normalise(index, delta, isEnd);
    dropField(wire, "message");
    dropField(wire, "usage");
    wire["index"] = index;
    wire["delta"] = delta;
    if (!isEnd) wire["finish_reason"] = null;
    unifyLogprobs(wire, delta);
    if (!hasLogprobs(wire["logprobs"])) dropField(wire, "logprobs");
    return wire as ChunkChoice;
  }

  private readDelta(wire: Fields): Delta {
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
