import { Failure } from "../failure.js";
import { TOOL_CALL_FIELDS, type ToolCall, type ToolCallDelta } from "./chunk.js";
import { GrowingText } from "./growing-text.js";
import { LatestFields } from "./vendor-fields.js";

/** Assembles one tool call from its pieces. */
export class ToolCallState {
  private id = "";
  private type = "";
  private name = "";
  private readonly args = new GrowingText();
  private vendorFields: LatestFields | undefined;

  /**
   * Adds a piece.
   * @returns how many characters were added
   * @throws Failure `limit` if the arguments get longer than `maxArgumentChars`
   */
  add(piece: ToolCallDelta, maxArgumentChars: number): number {
    this.id ||= piece.id ?? "";
    this.type ||= piece.type ?? "";
    this.name = piece.function?.name || this.name;
    const fragment = piece.function?.arguments ?? "";
    // One more than the characters, so that a call without arguments counts as content, too.
    let grown = fragment.length + 1;
    this.args.append(fragment);
    if (this.args.length > maxArgumentChars) {
      throw new Failure(
        "limit",
        `The arguments of a tool call are longer than ${maxArgumentChars} characters. Ask the model for less at once.`,
      );
    }
    for (const key in piece) {
      if (TOOL_CALL_FIELDS.has(key)) continue;
      this.vendorFields ??= new LatestFields();
      grown += this.vendorFields.add(key, piece[key]);
    }
    return grown;
  }

  /**
   * Builds the call so far. Arguments that never came become `{}`, because a service that gets the call back wants
   * JSON.
   * @param seed makes an id if the vendor sent none; the same seed makes the same id
   */
  buildToolCall(seed: string): ToolCall {
    return {
      ...this.vendorFields?.toObject(),
      id: this.id || `call_${seed}`,
      type: this.type || "function",
      function: { name: this.name, arguments: this.args.toString() || "{}" },
    };
  }
}
