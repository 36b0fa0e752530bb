import type { Delta } from "../../core/chat/chunk.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_ORDER, type OrderEntry } from "../../core/chat/vendor-echo.js";

/** In which order an answer's blocks came, learnt from what is told of them. */
export class AnthropicOrder {
  private readonly entries: OrderEntry[] = [];

  addText(characters: number): void {
    const last = this.entries.length - 1;
    const before = this.entries[last];
    if (typeof before === "number") this.entries[last] = before + characters;
    else this.entries.push(characters);
  }

  addDelta(delta: Delta): void {
    if (delta.reasoning_details) this.entries.push("thinking");
    if (delta[ANTHROPIC_BLOCKS]) this.entries.push("block");
    // Each call is told of once by its name, then by its arguments.
    if (delta.tool_calls?.[0]?.function?.name !== undefined) this.entries.push("tool_use");
  }

  /** The field that keeps the order; nothing for the one that a message without it is taken to have. */
  get told(): Delta | undefined {
    const usual = this.entries.every((entry, at) => at === 0 || rank(this.entries[at - 1]!) <= rank(entry));
    return usual ? undefined : { [ANTHROPIC_ORDER]: [...this.entries] };
  }
}

const USUAL: readonly unknown[] = ["thinking", "text", "block", "tool_use"];

function rank(entry: OrderEntry): number {
  return USUAL.indexOf(typeof entry === "number" ? "text" : entry);
}
