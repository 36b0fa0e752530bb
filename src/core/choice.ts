import type {
  AssistantMessage,
  AudioDelta,
  ChunkChoice,
  CompletionChoice,
  Delta,
  Logprobs,
  ToolCallDelta,
} from "./chunk.js";
import { Failure } from "./failure.js";
import type { Limits } from "./limits.js";
import { GrowingText } from "./text.js";
import { ToolCallState } from "./tool-call.js";

/** Fields of a delta that are put together by name; others are kept, the last non-null value. */
const FIXED: ReadonlySet<string> = new Set([
  "index",
  "delta",
  "finish_reason",
  "logprobs",
  "message",
  "usage",
]);

/** Everything that has been said in one of the `n` choices. */
export class ChoiceState {
  readonly content = new GrowingText();
  finishReason: string | undefined;
  /** Whether the choice has given its end: a finish reason, or the expiry of its audio (gpt-audio sends no other). */
  ended = false;
  private role: string | undefined;
  private reasoning: GrowingText | undefined;
  /** Encrypted reasoning must stand after the readable part when it is echoed, wherever it came. */
  private encryptedReasoning: GrowingText | undefined;
  private reasoningDetails: unknown[] | undefined;
  private refusal: GrowingText | undefined;
  private toolCalls: ToolCallState[] | undefined;
  private annotations: unknown[] | undefined;
  private images: unknown[] | undefined;
  private audio: Record<string, unknown> | undefined;
  private logprobs: Logprobs | undefined;
  private extras: Record<string, unknown> | undefined;

  get toolCallCount(): number {
    return this.toolCalls?.length ?? 0;
  }

  /** @returns how many characters were added. */
  add(choice: ChunkChoice, text: string, limits: Readonly<Limits>): number {
    const delta = choice.delta;
    let grown = text.length;
    this.content.append(text);
    if (delta.role) this.role ??= delta.role;
    if (delta.reasoning_content) grown += this.addReasoning(delta, delta.reasoning_content);
    if (delta.refusal) {
      this.refusal ??= new GrowingText();
      this.refusal.append(delta.refusal);
      grown += delta.refusal.length;
    }
    if (delta.tool_calls) for (const piece of delta.tool_calls) grown += this.addToolCall(piece, limits);
    if (delta.reasoning_details?.length) {
      this.reasoningDetails = mergeDetails(this.reasoningDetails ?? [], delta.reasoning_details);
      grown += delta.reasoning_details.length;
    }
    if (delta.annotations?.length) {
      this.annotations = unite(this.annotations, delta.annotations);
      grown += delta.annotations.length;
    }
    if (delta.images?.length) {
      this.images = [...(this.images ?? []), ...structuredClone(delta.images)];
      grown += delta.images.length;
    }
    if (delta.audio) grown += this.addAudio(delta.audio);
    if (choice.logprobs) this.addLogprobs(choice.logprobs);
    if (choice.finish_reason) {
      this.finishReason = choice.finish_reason;
      this.ended = true;
    }
    for (const key in choice) {
      if (FIXED.has(key) || choice[key] === null || choice[key] === undefined) continue;
      this.extras ??= {};
      this.extras[key] = structuredClone(choice[key]);
    }
    return grown;
  }

  /** What is known only at the end of the choice, for the closing chunk. */
  closing(index: number): ChunkChoice {
    return { ...structuredClone(this.extras), index, delta: {}, finish_reason: this.finishReason ?? null };
  }

  completed(index: number, seed: string): CompletionChoice {
    const choice: CompletionChoice = {
      ...structuredClone(this.extras),
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
      role: this.role ?? "assistant",
      content: content === "" && (this.toolCalls || this.refusal || this.audio) ? null : content,
    };
    const reasoning = `${this.reasoning ?? ""}${this.encryptedReasoning ?? ""}`;
    if (reasoning) message.reasoning_content = reasoning;
    if (this.reasoningDetails) message.reasoning_details = structuredClone(this.reasoningDetails);
    if (this.refusal) message.refusal = this.refusal.toString();
    if (this.toolCalls) message.tool_calls = this.toolCalls.map((call, at) => call.toolCall(`${seed}_${at}`));
    if (this.annotations) message.annotations = structuredClone(this.annotations);
    if (this.audio) message.audio = structuredClone(this.audio);
    if (this.images) message.images = structuredClone(this.images);
    return message;
  }

  private addReasoning(delta: Delta, text: string): number {
    if (delta["reasoning_encrypted"] === true) {
      this.encryptedReasoning ??= new GrowingText();
      this.encryptedReasoning.append(text);
    } else {
      this.reasoning ??= new GrowingText();
      this.reasoning.append(text);
    }
    return text.length;
  }

  private addToolCall(piece: ToolCallDelta, limits: Readonly<Limits>): number {
    this.toolCalls ??= [];
    // The dialect numbers calls in order of appearance, so an index is either known or the next one.
    if (piece.index >= limits.indices || piece.index > this.toolCalls.length || !(piece.index >= 0)) {
      throw new Failure("limit", `The service sent a tool call beyond the limit of ${limits.indices}.`);
    }
    this.toolCalls[piece.index] ??= new ToolCallState();
    return this.toolCalls[piece.index]!.add(piece, limits.toolArguments);
  }

  private addAudio(piece: AudioDelta): number {
    this.audio ??= {};
    for (const [key, value] of Object.entries(piece)) {
      if (value === null || value === undefined) continue;
      const joined = (key === "data" || key === "transcript") && typeof this.audio[key] === "string";
      this.audio[key] = joined ? `${this.audio[key]}${value}` : value;
    }
    if (piece.expires_at !== undefined) this.ended = true;
    return (piece.data?.length ?? 0) + (piece.transcript?.length ?? 0);
  }

  private addLogprobs(added: Logprobs): void {
    this.logprobs ??= {};
    for (const key of ["content", "refusal"] as const) {
      const list = added[key];
      if (!Array.isArray(list)) continue;
      const known = this.logprobs[key];
      if (known) known.push(...structuredClone(list));
      else this.logprobs[key] = structuredClone(list);
    }
  }
}

/** Appends entries that are not there yet: some vendors repeat the whole list, others send only what is new. */
function unite(known: unknown[] | undefined, added: unknown[]): unknown[] {
  const list = known ?? [];
  const keys = new Set(list.map((entry) => JSON.stringify(entry)));
  for (const entry of added) if (!keys.has(JSON.stringify(entry))) list.push(structuredClone(entry));
  return list;
}

/** OpenRouter's reasoning details: pieces with the same type and index are one block that grows. */
function mergeDetails(known: unknown[], added: unknown[]): unknown[] {
  for (const piece of added as Record<string, unknown>[]) {
    const block = known.find(
      (entry) =>
        typeof piece?.["index"] === "number" &&
        (entry as Record<string, unknown>)["index"] === piece["index"] &&
        (entry as Record<string, unknown>)["type"] === piece["type"],
    ) as Record<string, unknown> | undefined;
    if (!block) {
      known.push(structuredClone(piece));
      continue;
    }
    for (const [key, value] of Object.entries(piece)) {
      if (value === null || value === undefined) continue;
      const grows = key === "text" || key === "summary" || key === "data";
      block[key] = grows && typeof block[key] === "string" ? `${block[key]}${value}` : value;
    }
  }
  return known;
}
