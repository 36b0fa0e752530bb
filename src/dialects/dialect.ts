import type { Chunk } from "../core/chat/chunk.js";
import type { Failure } from "../core/failure.js";

/**
 * What a chunk brings: `text` answer text of the first choice and nothing else to tell; `rich` something that
 * a reader needs the chunk for (reasoning, refusal, tool call, citation, audio, another choice); `silent` only
 * metadata (role, usage, finish reason, filter results).
 */
export type ChunkKind = "text" | "rich" | "silent";

/** Where a decoder puts what it understood. */
export interface DecoderSink {
  /** The hot path: plain text of the first choice; the rest of the record is as in the one before. */
  onText(text: string): void;
  /** A chunk in canonical form, made fresh for this call. */
  onChunk(chunk: Chunk, kind: ChunkKind, text: string): void;
  /** The vendor's end marker. */
  onMarker(): void;
  /** An error that the service sent in the stream, or a record that cannot be understood. */
  onFailure(failure: Failure): void;
  /** A record that was passed over because the provider is set to be tolerant. */
  onSkipped(): void;
}

/** Turns one record after another into chunks. Holds the little state that the form of the records needs. */
export interface Decoder {
  /**
   * @param data the record's text
   * @param event the SSE event's name, where it had one
   * @param last true for what was left unterminated at the end of the connection
   */
  decode(data: string, event?: string, last?: boolean): void;
}

/** What a decoder needs to know of the request and of the author's wishes. */
export interface DecoderOptions {
  /** Names of the tools offered, to tell a name sent in fragments from two names. */
  toolNames?: readonly string[];
  /** Skip and count records that are not JSON instead of failing. */
  tolerant?: boolean;
  /** Decode every record in full, so that each has its chunk. */
  everyChunk?: boolean;
  /** Deepest nesting that a chunk which leaves us may have. */
  depth: number;
  /** Most choices, and most tool calls of a choice. */
  indices: number;
}

/** Reads the records of a dialect that is not Chat Completions, and tells them in canonical form. */
export interface ForeignReader {
  /**
   * @param record a record of the stream, or a whole answer where the service did not stream; the reader's to keep
   * @throws Failure where the record is one of this dialect's and makes no sense
   */
  read(record: Record<string, unknown>, event?: string): void;
}

/** A record shape of its own. Told by the records: a gateway may forward another service's as they are. */
export interface ForeignDialect {
  /** Whether a record that has no `choices` is one of this dialect's. */
  canRead(record: Record<string, unknown>): boolean;
  /** A reader for one stream. */
  createReader(sink: DecoderSink, options: DecoderOptions): ForeignReader;
}
