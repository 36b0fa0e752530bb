import { Failure } from "../failure.js";
import { GrowingText } from "../growing-text.js";
import type { AnswerSize } from "./answer-size.js";
import { TOOL_CALL_FIELDS, type ToolCall, type ToolCallDelta } from "./chunk.js";
import { LatestFields } from "./vendor-fields.js";

/** Assembles one tool call from its pieces. */
export class ToolCallState {
  private id = "";
  private type = "";
  private name = "";
  /** The arguments of a function, or the input of a custom tool. */
  private readonly input = new GrowingText();
  /** What replaces the input; see `ToolCallDelta.whole_input`. */
  private wholeInput: string | undefined;
  private isCustom = false;
  private vendorFields: LatestFields | undefined;

  /**
   * Adds a piece.
   * @param size counts what is added
   * @throws Failure `limit` if the arguments or the answer get longer than their limits
   */
  add(piece: ToolCallDelta, size: AnswerSize): void {
    const { id, type, name } = this;
    this.id ||= piece.id ?? "";
    this.type ||= piece.type ?? "";
    if (piece.function) this.isCustom = false;
    else if (piece.custom || piece.type === "custom") this.isCustom = true;
    this.name = piece.function?.name || piece.custom?.name || this.name;
    const grown =
      this.id.length - id.length + (this.type.length - type.length) + (this.name.length - name.length);
    if (grown > 0) size.addMetadata(grown);
    this.addInput(piece, size);
    for (const key in piece) {
      if (TOOL_CALL_FIELDS.has(key)) continue;
      this.vendorFields ??= new LatestFields();
      size.addMetadata(this.vendorFields.add(key, piece[key]));
    }
  }

  private addInput(piece: ToolCallDelta, size: AnswerSize): void {
    const fragment = piece.function?.arguments ?? piece.custom?.input ?? "";
    const { whole_input: whole } = piece;
    this.input.append(fragment);
    if (whole !== undefined) this.wholeInput = whole;
    // One more than the characters, so that a call without arguments counts as content, too.
    size.addText(fragment.length + (whole?.length ?? 0) + 1);
    const { toolArguments } = size.limits;
    if (Math.max(this.input.length, this.wholeInput?.length ?? 0) > toolArguments) {
      throw new Failure(
        "limit",
        `The arguments of a tool call are longer than ${toolArguments} characters. Ask the model for less at once.`,
      );
    }
  }

  /**
   * Builds the call so far. Arguments of a function that never came become `{}`, because a service that gets the call
   * back wants JSON.
   * @param fallbackId the id if the vendor sent none
   */
  buildToolCall(fallbackId: string): ToolCall {
    const { name, isCustom } = this;
    const input = this.wholeInput ?? this.input.toString();
    const vendorFields = this.vendorFields?.toObject();
    const id = this.id || fallbackId;
    const type = this.type || (isCustom ? "custom" : "function");
    if (isCustom) return { ...vendorFields, id, type, custom: { name, input } };
    return { ...vendorFields, id, type, function: { name, arguments: input || "{}" } };
  }
}

/** How much of a stream's id a call's id has at most: services take ids of 40 characters. */
const MAX_SEED_CHARS = 24;

/**
 * Creates an id for a call that came without one; the same values make the same id.
 * @param seed id of the call's stream
 * @param at place of the call in its answer, from 0
 */
export function createCallId(seed: string, at: number): string {
  const short = seed.length <= MAX_SEED_CHARS ? seed : seed.replaceAll("-", "").slice(-MAX_SEED_CHARS);
  return `call_${short}_${at}`;
}
