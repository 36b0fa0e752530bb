import { Failure } from "../failure.js";
import { estimateSize } from "../json/parse.js";
import type { AnswerSize } from "./answer-size.js";
import type {
  AssistantMessage,
  AudioDelta,
  ChunkChoice,
  CompletionChoice,
  Delta,
  Logprobs,
  ToolCallDelta,
} from "./chunk.js";
import { GrowingText } from "./growing-text.js";
import { joinBase64 } from "./merge.js";
import { ToolCallState } from "./tool-call.js";
import { appendReasoningDetails, DistinctList, LatestFields } from "./vendor-fields.js";

/** Fields of a choice that are put together by name; of others the latest value is kept. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "index",
  "delta",
  "finish_reason",
  "logprobs",
  "message",
  "usage",
]);

/** The same for a delta. */
const OWN_DELTA_FIELDS: ReadonlySet<string> = new Set([
  "role",
  "content",
  "reasoning_content",
  "encrypted_reasoning",
  "reasoning_details",
  "refusal",
  "tool_calls",
  "annotations",
  "images",
  "audio",
  "name",
]);

/** Everything that has been said in one of the `n` choices. */
export class ChoiceState {
  readonly content = new GrowingText();
  finishReason: string | undefined;
  /** Whether the choice has given its end: a finish reason, or the expiry of its audio (gpt-audio sends no other). */
  ended = false;
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
  private extras: LatestFields | undefined;
  private messageExtras: LatestFields | undefined;

  get toolCallCount(): number {
    return this.toolCalls?.length ?? 0;
  }

  /** @throws Failure `limit` */
  add(choice: ChunkChoice, text: string, budget: AnswerSize): void {
    this.content.append(text);
    budget.addText(text.length);
    this.addDelta(choice.delta, budget);
    if (choice.logprobs) this.addLogprobs(choice.logprobs, budget);
    if (choice.finish_reason) {
      this.finishReason = choice.finish_reason;
      this.ended = true;
    }
    for (const key in choice) {
      if (OWN_FIELDS.has(key)) continue;
      this.extras ??= new LatestFields();
      budget.addMetadata(this.extras.add(key, choice[key]));
    }
  }

  /** What is known only at the end of the choice, for the closing chunk. */
  buildClosingChoice(index: number): ChunkChoice {
    return {
      ...this.extras?.toObject(),
      index,
      // A chunk with nothing but a role makes no message, so a role other than the usual is told here.
      delta: this.role === undefined || this.role === "assistant" ? {} : { role: this.role },
      finish_reason: this.finishReason ?? null,
    };
  }

  buildCompletionChoice(index: number, seed: string): CompletionChoice {
    const choice: CompletionChoice = {
      ...this.extras?.toObject(),
      index,
      message: this.message(seed),
      finish_reason: this.finishReason ?? null,
    };
    if (this.logprobs) choice.logprobs = structuredClone(this.logprobs);
    return choice;
  }

  private message(seed: string): AssistantMessage {
    const content = this.content.toString();
    const message: AssistantMessage = {
      ...this.messageExtras?.toObject(),
      role: this.role ?? "assistant",
      content: content === "" && (this.toolCalls || this.refusal || this.audio) ? null : content,
    };
    // Encrypted reasoning must stand after the readable part when it is echoed, wherever it came.
    const reasoning = `${this.reasoning ?? ""}${this.encryptedReasoning ?? ""}`;
    if (reasoning) message.reasoning_content = reasoning;
    if (this.reasoningDetails) message.reasoning_details = structuredClone(this.reasoningDetails);
    if (this.refusal) message.refusal = this.refusal.toString();
    if (this.toolCalls)
      message.tool_calls = this.toolCalls.map((call, at) => call.buildToolCall(`${seed}_${at}`));
    if (this.annotations) message.annotations = this.annotations.toArray();
    if (this.audio) message.audio = this.buildAudio(this.audio);
    if (this.images) message.images = structuredClone(this.images);
    return message;
  }

  private addDelta(delta: Delta, budget: AnswerSize): void {
    for (const key in delta) {
      if (key === "content" || delta[key] === null || delta[key] === undefined) continue;
      if (OWN_DELTA_FIELDS.has(key)) continue;
      this.messageExtras ??= new LatestFields();
      budget.addOther(this.messageExtras.add(key, delta[key]));
    }
    if (delta.role) this.role ??= delta.role;
    if (delta.reasoning_content) {
      this.reasoning ??= new GrowingText();
      appendText(this.reasoning, delta.reasoning_content, budget);
    }
    if (delta.encrypted_reasoning) {
      this.encryptedReasoning ??= new GrowingText();
      appendText(this.encryptedReasoning, delta.encrypted_reasoning, budget);
    }
    if (delta.refusal) {
      this.refusal ??= new GrowingText();
      appendText(this.refusal, delta.refusal, budget);
    }
    if (delta.tool_calls) for (const piece of delta.tool_calls) this.addToolCall(piece, budget);
    if (delta.reasoning_details?.length) {
      this.reasoningDetails ??= [];
      budget.addOther(appendReasoningDetails(this.reasoningDetails, delta.reasoning_details));
    }
    if (delta.annotations?.length) {
      this.annotations ??= new DistinctList();
      budget.addOther(this.annotations.add(delta.annotations));
    }
    if (delta.images?.length) {
      this.images ??= [];
      this.images.push(...structuredClone(delta.images));
      budget.addOther(estimateSize(delta.images));
    }
    if (delta.audio) this.addAudio(delta.audio, budget);
  }

  private addToolCall(piece: ToolCallDelta, budget: AnswerSize): void {
    const { indices, toolArguments } = budget.limits;
    this.toolCalls ??= [];
    // The dialect numbers calls in order of appearance, so an index is either known or the next one.
    if (piece.index >= indices || piece.index > this.toolCalls.length || !(piece.index >= 0)) {
      throw new Failure("limit", `The service sent a tool call beyond the limit of ${indices}.`);
    }
    this.toolCalls[piece.index] ??= new ToolCallState();
    budget.addText(this.toolCalls[piece.index]!.add(piece, toolArguments));
  }

  private addAudio(piece: AudioDelta, budget: AnswerSize): void {
    this.audio ??= new LatestFields();
    for (const [key, value] of Object.entries(piece)) {
      if (key === "data" && typeof value === "string") {
        this.audioData ??= [];
        this.audioData.push(value);
        budget.addOther(value.length);
      } else if (key === "transcript" && typeof value === "string") {
        this.transcript ??= new GrowingText();
        appendText(this.transcript, value, budget);
      } else budget.addOther(this.audio.add(key, value));
    }
    if (typeof piece.expires_at === "number") this.ended = true;
  }

  private buildAudio(fields: LatestFields): Record<string, unknown> {
    const audio = fields.toObject();
    if (this.audioData) audio["data"] = joinBase64(this.audioData);
    if (this.transcript) audio["transcript"] = this.transcript.toString();
    return audio;
  }

  private addLogprobs(added: Logprobs, budget: AnswerSize): void {
    this.logprobs ??= {};
    for (const key of ["content", "refusal"] as const) {
      const list = added[key];
      if (!Array.isArray(list)) continue;
      budget.addOther(estimateSize(list));
      const known = this.logprobs[key];
      if (known) known.push(...structuredClone(list));
      else this.logprobs[key] = structuredClone(list);
    }
  }
}

function appendText(text: GrowingText, added: string, budget: AnswerSize): void {
  text.append(added);
  budget.addText(added.length);
}
