import type { Chunk, DeltaText } from "../core/chat/chunk.js";
import type { ReasoningPlace } from "../core/chat/vendor-echo.js";
import type { Failure } from "../core/failure.js";
import type { HeldSize } from "./held-size.js";
import type { Repeat } from "./template/repeat.js";

/**
 * What a chunk carries. `text`: answer text of the first choice and nothing else. `rich`: something that a reader needs
 * the chunk for (reasoning, refusal, tool call, citation, audio, text of another choice). `silent`: only metadata (role,
 * usage, finish reason, results of content filters).
 */
export type ChunkKind = "text" | "rich" | "silent";

/** Receives what a decoder reads. */
export interface DecoderSink {
  /** The hot path: text of the first choice, from a record that has nothing else new. */
  onText(text: string): void;
  /**
   * @param chunk in the common form, created for this call
   * @param text what the chunk adds to the text of the first choice
   */
  onChunk(chunk: Chunk, kind: ChunkKind, text: string): void;
  /**
   * The hot path of rich chunks: one that has nothing new but a piece of one text of the first choice, and perhaps its token
   * probabilities. A sink without it gets the chunk as any other.
   */
  onPiece?(chunk: Chunk, field: DeltaText, piece: string): void;
  /** The vendor's end marker has arrived. */
  onMarker(): void;
  /** The service reported an error in the stream. */
  onFailure(failure: Failure): void;
  /** A record cannot be used. Unless the answer was complete before, the stream has failed in this way. */
  onBadRecord(failure: Failure): void;
  /** A record was skipped: it is of an unknown kind, or it is broken and the decoder is tolerant. */
  onSkipped(): void;
  /** The stream ends: a sink that holds text back has to pass it on. */
  flush?(): void;
}

/** Turns the records of one stream into chunks. It has only the state that the form of the records requires. */
export interface Decoder {
  /**
   * Decodes the next record.
   * @param data the record's text
   * @param event the name of the server-sent event, if it has one
   * @param isCut whether the connection ended before the record did, so that its end may be missing; default false
   */
  decode(data: string, event?: string, isCut?: boolean): void;
  /**
   * Decodes the next record if it repeats the one before, which is the usual case.
   * @param text a text with the record, from `start` to `end`
   * @returns whether it does. Nothing is read of a record that does not.
   */
  decodeRepeat(text: string, start: number, end: number): boolean;
  /** Sends what is held back. Call it when the stream ends, for whatever reason. */
  flush(): void;
  /** Expects the next part of an answer that the service has paused, in a response of its own. */
  continueAnswer(): void;
}

/** What a decoder knows of the request and of the provider's settings. */
export interface DecoderOptions {
  /** Names of the request's tools. They show whether a name came in fragments or two names came. Default: none. */
  toolNames?: readonly string[];
  /** The request's limit of tokens. Set only if the service may report an answer as complete that the limit cut off. */
  maxTokens?: number | undefined;
  /** Skip and count broken records instead of failing; default false. */
  tolerant?: boolean;
  /** Decode every record in full, so that each one has its chunk; default false. */
  everyChunk?: boolean;
  /** Gives milliseconds since 1970, for hints that are dates. Default: 0, so that a date is far away. */
  now?(): number;
  /** Called with the place where the service has its reasoning, each time that it changes. */
  onReasoning?(place: ReasoningPlace): void;
  /** How deeply the JSON of a record may nest. */
  depth: number;
  /** How many choices a stream may have, how many tool calls a choice, and how many open blocks a message. */
  indices: number;
  /** Counts what the decoder keeps for longer than a record. Default: one with the default limit. */
  held?: HeldSize;
}

/** What a reader knows of the request and of the provider's settings. */
export interface ReaderOptions extends DecoderOptions {
  held: HeldSize;
}

/** Reads the records of one stream in a form other than Chat Completions, and passes them on in the common form. */
export interface ForeignReader {
  /**
   * Reads the next record.
   * @param record a record of the stream, or the whole answer if the service did not stream; the reader may change it
   * @param event the name of the server-sent event, if it has one
   * @returns how to read the records that repeat this one; nothing if none is likely to
   * @throws Failure if the record is of this dialect but cannot be used, or reports that the model did not answer
   */
  read(record: Record<string, unknown>, event: string | undefined): Repeat | undefined;
  /**
   * Reads the end marker of Chat Completions, which gateways add to streams of any form. Default: it ends the answer.
   * @throws Failure if the answer is not complete without an end of its own
   */
  readMarker?(): void;
  /** Expects the next part of an answer that the service has paused. Default: nothing changes. */
  continueAnswer?(): void;
}

/**
 * A form of records other than Chat Completions. It is recognised by the records and not by the provider, because a
 * gateway may forward the records of another service unchanged.
 */
export interface ForeignDialect {
  /** What its services call it. */
  readonly label: string;
  /** Whether a record without `choices` is of this dialect. */
  canRead(record: Record<string, unknown>): boolean;
  /** Creates a reader for one stream. */
  createReader(sink: DecoderSink, options: ReaderOptions): ForeignReader;
}
