import type { Chunk } from "../../core/chat/chunk.js";
import { estimateSize } from "../../core/json/parse.js";
import type { ToolNote } from "../../serving/form.js";

/** What one message adds to an answer: plain text, a chunk with its text, or a tool that the flow runs. */
export type LogEntry =
  | string
  | { readonly chunk: Chunk; readonly text: string }
  | { readonly tool: ToolNote };

/** Memory that an entry takes beside its characters, roughly. */
const ENTRY_OVERHEAD_CHARS = 32;

/** The end of an answer as it is in memory. Every reader has its own place in it, so that a slow one holds up no other. */
export class AnswerLog {
  private entries: LogEntry[] = [];
  private sizes: number[] = [];
  private firstIndex = 0;
  /** Characters in memory, roughly. */
  size = 0;
  /** Whether the first entries are still there. */
  isComplete = true;

  /** Index of the first entry in memory. */
  get start(): number {
    return this.firstIndex;
  }

  /** Index of the next entry. */
  get end(): number {
    return this.firstIndex + this.entries.length;
  }

  add(entry: LogEntry): void {
    const content = measureEntry(entry);
    this.entries.push(entry);
    this.sizes.push(content + ENTRY_OVERHEAD_CHARS);
    this.size += content + ENTRY_OVERHEAD_CHARS;
  }

  /** @param index from `start` to below `end` */
  read(index: number): LogEntry {
    return this.entries[index - this.firstIndex]!;
  }

  /** All entries in memory. */
  list(): readonly LogEntry[] {
    return this.entries;
  }

  /**
   * Drops the first entries if more than `limit` characters are in memory. The newest stays. A quarter is dropped at
   * once, so that a long answer is not copied for each of its messages.
   */
  trim(limit: number): void {
    if (this.size <= limit) return;
    const maxSize = limit * 0.75;
    let count = 0;
    while (this.size > maxSize && count < this.entries.length - 1) this.size -= this.sizes[count++]!;
    if (count === 0) return;
    this.entries = this.entries.slice(count);
    this.sizes = this.sizes.slice(count);
    this.firstIndex += count;
    this.isComplete = false;
  }

  /** Forgets everything: the answer begins again. */
  restart(): void {
    this.firstIndex = this.end;
    this.entries = [];
    this.sizes = [];
    this.size = 0;
    this.isComplete = true;
  }
}

function measureEntry(entry: LogEntry): number {
  if (typeof entry === "string") return entry.length;
  return "tool" in entry ? estimateSize(entry.tool) : entry.text.length + estimateSize(entry.chunk);
}
