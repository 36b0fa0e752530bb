import type { Chunk } from "../../core/chat/chunk.js";
import { estimateHeapBytes, estimateTextBytes } from "../../core/json/heap-size.js";
import type { ToolNote } from "../../serving/form.js";

/** What one message adds to an answer: plain text, a chunk with its text, or a tool that the flow runs. */
export type LogEntry =
  | string
  | { readonly chunk: Chunk; readonly text: string }
  | { readonly tool: ToolNote };

/** Bytes that an entry takes in the two lists. */
const ENTRY_BYTES = 16;

/** The end of an answer as it is in memory. Every reader has its own place in it, so that a slow one holds up no other. */
export class AnswerLog {
  private entries: LogEntry[] = [];
  private sizes: number[] = [];
  private firstIndex = 0;
  /** Bytes in memory, as they are estimated. */
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
    const size = ENTRY_BYTES + measureEntry(entry);
    this.entries.push(entry);
    this.sizes.push(size);
    this.size += size;
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
   * Drops the first entries if more than `limit` bytes are in memory. The newest stays. A quarter is dropped at
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
  return typeof entry === "string" ? estimateTextBytes(entry) : estimateHeapBytes(entry);
}
