import type { Delta } from "../../core/chat/chunk.js";
import { ANTHROPIC_BLOCKS, ANTHROPIC_ORDER, type OrderEntry } from "../../core/chat/vendor-echo.js";
import { estimateHeapBytes } from "../../core/json/heap-size.js";
import { HeldSize } from "../held-size.js";

/** Bytes that an entry takes. */
const ENTRY_SIZE = 16;

/** The order that a message without `anthropic_order` has. */
const USUAL_ORDER: readonly unknown[] = ["thinking", "text", "block", "tool_use"];

/** A block of text: its length in characters, and the sources that go back with it. */
interface TextEntry {
  text: number;
  citations: unknown[];
}

/** Records the order of an answer's blocks, which Anthropic wants back on the next turn. */
export class AnthropicOrder {
  private readonly entries: (TextEntry | Exclude<OrderEntry, number | object>)[] = [];

  constructor(private readonly held = new HeldSize()) {}

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Begins a block of text. */
  beginText(): void {
    this.add({ text: 0, citations: [] });
  }

  /** @param length characters of the latest block of text */
  addText(length: number): void {
    this.getText().text += length;
  }

  /**
   * Adds a source to the latest block of text, if it has what only Anthropic can read. (Its guide "Web search tool" wants
   * `encrypted_index` back.)
   */
  addCitation(citation: Record<string, unknown>): void {
    if (typeof citation["encrypted_index"] !== "string") return;
    this.held.add(estimateHeapBytes(citation));
    this.getText().citations.push(citation);
  }

  addDelta(delta: Delta): void {
    if (delta.reasoning_details) this.add("thinking");
    if (delta[ANTHROPIC_BLOCKS]) this.add("block");
    // A call has one delta with its name; the deltas with its arguments follow.
    if (delta.tool_calls?.[0]?.function?.name !== undefined) this.add("tool_use");
  }

  /** The field with the order; undefined if the order is the usual one, and no text has sources to go back. */
  get field(): Delta | undefined {
    const entries: OrderEntry[] = [];
    for (const entry of this.entries) {
      const last = entries.at(-1);
      if (typeof entry === "string") entries.push(entry);
      else if (entry.citations.length > 0) entries.push(entry);
      else if (typeof last === "number") entries[entries.length - 1] = last + entry.text;
      else if (entry.text > 0) entries.push(entry.text);
    }
    const isUsual = entries.every(
      (entry, at) => typeof entry !== "object" && (at === 0 || getRank(entries[at - 1]!) <= getRank(entry)),
    );
    return isUsual ? undefined : { [ANTHROPIC_ORDER]: entries };
  }

  /** Gets the latest block of text. A gateway may send text that belongs to no block. */
  private getText(): TextEntry {
    const last = this.entries.at(-1);
    if (typeof last === "object") return last;
    const entry: TextEntry = { text: 0, citations: [] };
    this.add(entry);
    return entry;
  }

  private add(entry: (typeof this.entries)[number]): void {
    this.held.add(ENTRY_SIZE);
    this.entries.push(entry);
  }
}

function getRank(entry: OrderEntry): number {
  return USUAL_ORDER.indexOf(typeof entry === "string" ? entry : "text");
}
