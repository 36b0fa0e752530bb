import { Failure } from "../failure.js";
import type { ToolCall, ToolCallDelta } from "./chunk.js";
import { GrowingText } from "./growing-text.js";
import { LatestFields } from "./vendor-fields.js";

/** One tool call as its canonical pieces build it up. */
export class ToolCallState {
  private id = "";
  private type = "";
  private name = "";
  private readonly args = new GrowingText();
  private extras: LatestFields | undefined;

  /** @returns how many characters were added. */
  add(piece: ToolCallDelta, longest: number): number {
    this.id ||= piece.id ?? "";
    this.type ||= piece.type ?? "";
    this.name = piece.function?.name || this.name;
    const fragment = piece.function?.arguments ?? "";
    // One more than its characters: a call counts as something said though it has no arguments.
    let grown = fragment.length + 1;
    this.args.append(fragment);
    if (this.args.length > longest) {
      throw new Failure("limit", `The arguments of a tool call are longer than ${longest} characters.`);
    }
    for (const key in piece) {
      if (key === "index" || key === "id" || key === "type" || key === "function") continue;
      this.extras ??= new LatestFields();
      grown += this.extras.add(key, piece[key]);
    }
    return grown;
  }

  /**
   * The call as it stands. No arguments at all means none: `{}`, for a service that gets the call echoed wants JSON.
   * @param seed names the call where the vendor did not; the same seed gives the same name
   */
  buildToolCall(seed: string): ToolCall {
    return {
      ...this.extras?.toObject(),
      id: this.id || `call_${seed}`,
      type: this.type || "function",
      function: { name: this.name, arguments: this.args.toString() || "{}" },
    };
  }
}
