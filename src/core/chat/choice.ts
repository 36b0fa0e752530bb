import { Failure } from "../failure.js";
import { GrowingText } from "../growing-text.js";
import { copyJson } from "../json/copy.js";
import { estimateHeapBytes, estimateTextBytes } from "../json/heap-size.js";
import type { AnswerSize } from "./answer-size.js";
import {
  type AssistantMessage,
  type AudioDelta,
  CHOICE_FIELDS,
  type ChunkChoice,
  type CompletionChoice,
  DELTA_FIELDS,
  type Delta,
  type DeltaText,
  type Logprobs,
  type ToolCallDelta,
} from "./chunk.js";
import { appendReasoningDetails, GrowingFields } from "./growing-fields.js";
import { joinBase64 } from "./merge.js";
import { createCallId, ToolCallState } from "./tool-call.js";
import { DistinctList, LatestFields } from "./vendor-fields.js";

/** Assembles one of the `n` choices of an answer from its chunks. */
export class ChoiceState {
  readonly content = new GrowingText();
  finishReason: string | undefined;
  /** The finish reason that a gateway got from its own service. */
  nativeFinishReason: string | undefined;
  /** Whether the choice has ended: by a finish reason or, for gpt-audio models, by the expiry time of the audio. */
  hasEnded = false;
  private role: string | undefined;
  private reasoning: GrowingText | undefined;
  private encryptedReasoning: GrowingText | undefined;
  private reasoningDetails: unknown[] | undefined;
  private refusal: GrowingText | undefined;
  private toolCalls: ToolCallState[] | undefined;
  private annotations: DistinctList | undefined;
  private images: unknown[] | undefined;
  private audio: LatestFields | undefined;
  private audioData: string[] | undefined;
  private transcript: GrowingText | undefined;
  private logprobs: Logprobs | undefined;
  private vendorFields: LatestFields | undefined;
  private messageFields: GrowingFields | undefined;

  get toolCallCount(): number {
    return this.toolCalls?.length ?? 0;
  }

  /**
   * Adds a chunk's part of this choice.
   * @param text the answer text, in place of `delta.content`
   * @param size counts what is added
   * @throws Failure `limit` if the answer grows beyond its limits
   */
  add(choice: ChunkChoice, text: string, size: AnswerSize): void {
    this.addPiece("content", text, size);
    this.addDelta(choice.delta, size);
    if (choice.logprobs) this.addLogprobs(choice.logprobs, size);
    if (choice.finish_reason) {
      this.finishReason = replaceText(this.finishReason, choice.finish_reason, size);
      this.hasEnded = true;
    }
    for (const key of Object.keys(choice)) {
      if (CHOICE_FIELDS.has(key)) continue;
      // The vendor fields count it.
      if (key === "native_finish_reason") this.keepNativeReason(choice[key]);
      this.vendorFields ??= new LatestFields();
      size.addMetadata(this.vendorFields.add(key, choice[key]));
    }
  }

  /** Adds a piece of one text of the delta. @throws Failure `limit` */
  addPiece(field: DeltaText, piece: string, size: AnswerSize): void {
    this.getText(field).append(piece);
    size.addText(piece.length);
  }

  /** Lets the choice go on after a pause. */
  reopen(): void {
    this.hasEnded = false;
    this.finishReason = undefined;
    this.nativeFinishReason = undefined;
  }

  private keepNativeReason(reason: unknown): void {
    if (typeof reason === "string" && reason !== "") this.nativeFinishReason = reason;
  }

  /** Builds the choice of the closing chunk: what is known only at the end. */
  buildClosingChoice(index: number): ChunkChoice {
    return {
      ...this.vendorFields?.toObject(),
      index,
      // A chunk with only a role makes no message of its own, so an unusual role is reported here.
      delta: this.role === undefined || this.role === "assistant" ? {} : { role: this.role },
      finish_reason: this.finishReason ?? null,
    };
  }

  /** Builds the complete choice. @param seed makes ids for tool calls that came without one */
  buildCompletionChoice(index: number, seed: string): CompletionChoice {
    const choice: CompletionChoice = {
      ...this.vendorFields?.toObject(),
      index,
      message: this.buildMessage(seed),
      finish_reason: this.finishReason ?? null,
    };
    if (this.logprobs) choice.logprobs = copyJson(this.logprobs);
    return choice;
  }

  private buildMessage(seed: string): AssistantMessage {
    const content = this.content.toString();
    const message: AssistantMessage = {
      ...this.messageFields?.toObject(),
      role: this.role ?? "assistant",
      content: content === "" && (this.toolCalls || this.refusal || this.audio) ? null : content,
    };
    // Services want encrypted reasoning back after the readable part, in whatever order the parts arrived.
    const reasoning = `${this.reasoning ?? ""}${this.encryptedReasoning ?? ""}`;
    if (reasoning) message.reasoning_content = reasoning;
    if (this.reasoningDetails) message.reasoning_details = copyJson(this.reasoningDetails);
    if (this.refusal) message.refusal = this.refusal.toString();
    if (this.toolCalls)
      message.tool_calls = this.toolCalls.map((call, at) => call.buildToolCall(createCallId(seed, at)));
    if (this.annotations) message.annotations = this.annotations.toArray();
    if (this.audio) message.audio = this.buildAudio(this.audio);
    if (this.images) message.images = copyJson(this.images);
    return message;
  }

  private addDelta(delta: Delta, size: AnswerSize): void {
    for (const key of Object.keys(delta)) {
      if (key === "content" || delta[key] === null || delta[key] === undefined) continue;
      if (DELTA_FIELDS.has(key)) continue;
      this.messageFields ??= new GrowingFields();
      size.addOther(this.messageFields.add(key, delta[key]));
    }
    if (delta.role) this.role ??= replaceText(undefined, delta.role, size);
    if (delta.reasoning_content) this.addPiece("reasoning_content", delta.reasoning_content, size);
    if (delta.encrypted_reasoning) this.addPiece("encrypted_reasoning", delta.encrypted_reasoning, size);
    if (delta.refusal) this.addPiece("refusal", delta.refusal, size);
    if (delta.tool_calls) for (const piece of delta.tool_calls) this.addToolCall(piece, size);
    if (delta.reasoning_details?.length) {
      this.reasoningDetails ??= [];
      size.addOther(appendReasoningDetails(this.reasoningDetails, delta.reasoning_details));
    }
    if (delta.annotations?.length) {
      this.annotations ??= new DistinctList();
      size.addOther(this.annotations.add(delta.annotations));
    }
    if (delta.images?.length) {
      this.images ??= [];
      size.addOther(estimateHeapBytes(delta.images));
      for (const image of copyJson(delta.images)) this.images.push(image);
    }
    if (delta.audio) this.addAudio(delta.audio, size);
  }

  private addToolCall(piece: ToolCallDelta, size: AnswerSize): void {
    const { indices } = size.limits;
    this.toolCalls ??= [];
    // The dialect numbers calls in order of appearance, so an index is either known or the next one.
    if (piece.index >= indices || piece.index > this.toolCalls.length || !(piece.index >= 0)) {
      throw new Failure(
        "limit",
        `The service sent a tool call with the index ${piece.index}, which is out of order or not below ${indices}. Try again, or choose another model.`,
      );
    }
    this.toolCalls[piece.index] ??= new ToolCallState();
    this.toolCalls[piece.index]!.add(piece, size);
  }

  private addAudio(piece: AudioDelta, size: AnswerSize): void {
    this.audio ??= new LatestFields();
    for (const [key, value] of Object.entries(piece)) {
      if (key === "data" && typeof value === "string") {
        this.audioData ??= [];
        this.audioData.push(value);
        size.addOther(estimateTextBytes(value));
      } else if (key === "transcript" && typeof value === "string") {
        this.transcript ??= new GrowingText();
        this.transcript.append(value);
        size.addText(value.length);
      } else size.addOther(this.audio.add(key, value));
    }
    if (typeof piece.expires_at === "number") this.hasEnded = true;
  }

  private buildAudio(fields: LatestFields): Record<string, unknown> {
    const audio = fields.toObject();
    if (this.audioData) audio["data"] = joinBase64(this.audioData);
    if (this.transcript) audio["transcript"] = this.transcript.toString();
    return audio;
  }

  /** Adds token probabilities. @throws Failure `limit` */
  addLogprobs(added: Logprobs, size: AnswerSize): void {
    this.logprobs ??= {};
    for (const key of ["content", "refusal"] as const) {
      const list = added[key];
      if (!Array.isArray(list)) continue;
      size.addOther(estimateHeapBytes(list));
      this.logprobs[key] ??= [];
      for (const entry of copyJson(list)) this.logprobs[key].push(entry);
    }
  }

  private getText(field: DeltaText): GrowingText {
    if (field === "content") return this.content;
    const member = TEXT_MEMBERS[field];
    this[member] ??= new GrowingText();
    return this[member];
  }
}

/** Where a choice has the texts of its deltas. */
const TEXT_MEMBERS = {
  reasoning_content: "reasoning",
  encrypted_reasoning: "encryptedReasoning",
  refusal: "refusal",
} as const;

/** Counts a text that replaces another one. @returns the new text */
function replaceText(before: string | undefined, text: string, size: AnswerSize): string {
  size.addMetadata(Math.max(0, text.length - (before?.length ?? 0)));
  return text;
}
