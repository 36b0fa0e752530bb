import type { Delta } from "../../core/chat/chunk.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_ORDER, type OrderEntry } from "../../core/chat/vendor-echo.js";
import { HeldSize } from "../held-size.js";

/** Bytes that an entry takes. */
const ENTRY_SIZE = 16;

/** The order that a message without `anthropic_order` has. */
const USUAL_ORDER: readonly unknown[] = ["thinking", "text", "block", "tool_use"];

/** Records the order of an answer's blocks, which Anthropic wants back on the next turn. */
export class AnthropicOrder {
  private readonly entries: OrderEntry[] = [];

  constructor(private readonly held = new HeldSize()) {}

  /** @param length characters of a text, which continues the text before it */
  addText(length: number): void {
    const last = this.entries.length - 1;
    const entry = this.entries[last];
    if (typeof entry === "number") this.entries[last] = entry + length;
    else this.add(length);
  }

  addDelta(delta: Delta): void {
    if (delta.reasoning_details) this.add("thinking");
    if (delta[ANTHROPIC_BLOCKS]) this.add("block");
    // A call has one delta with its name; the deltas with its arguments follow.
    if (delta.tool_calls?.[0]?.function?.name !== undefined) this.add("tool_use");
  }

  private add(entry: OrderEntry): void {
    this.held.add(ENTRY_SIZE);
    this.entries.push(entry);
  }

  /** The field with the order; undefined if the order is the usual one. */
  get field(): Delta | undefined {
    const isUsual = this.entries.every(
      (entry, position) => position === 0 || getRank(this.entries[position - 1]!) <= getRank(entry),
    );
    return isUsual ? undefined : { [ANTHROPIC_ORDER]: [...this.entries] };
  }
}

function getRank(entry: OrderEntry): number {
  return USUAL_ORDER.indexOf(typeof entry === "number" ? "text" : entry);
}
