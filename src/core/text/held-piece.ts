import type { Chunk } from "../chat/chunk.js";
import { mergeChunks } from "../chat/merge.js";
import { copyText } from "../growing-text.js";
import { estimateSize } from "../json/parse.js";

/** A piece of a stream. */
export interface Piece {
  /** The answer text that it adds, `""` if none. It counts rather than `delta.content`, which a flow may have changed. */
  text: string;
  /** The vendor's chunk, if it has more than answer text. */
  chunk?: Chunk;
}

/**
 * Kinds of output whose order must be kept: answer text, reasoning, and everything else (tool calls, refusals, audio …).
 * Pieces of one kind can be merged.
 */
export type PieceKind = "text" | "reasoning" | "other";

/**
 * Reads what a piece adds to the first choice.
 * @returns undefined for a piece with metadata or other choices only, which may be merged with any kind
 */
export function readPieceKind({ text, chunk }: Piece): PieceKind | undefined {
  const first = chunk?.choices.find(({ index }) => index === 0);
  const fields = Object.keys(first?.delta ?? {}).filter((key) => {
    const value = first!.delta[key];
    return key !== "role" && key !== "content" && value !== null && value !== undefined && value !== "";
  });
  if (fields.length === 0) return text === "" ? undefined : "text";
  return text === "" && fields.every((key) => key === "reasoning_content") ? "reasoning" : "other";
}

/**
 * Copies a piece, because others may use it too.
 * @throws Error if the chunk cannot be copied, as one that a flow has put functions into or that nests too deep
 */
export function copyPiece({ text, chunk }: Piece): Piece {
  return chunk ? { text, chunk: structuredClone(chunk) } : { text };
}

/** Pieces of one kind, merged into one. */
export class HeldPiece {
  /** The answer text or the reasoning, depending on the kind. */
  text = "";
  private chunk: Chunk | undefined;
  /** Estimated characters of `chunk`. */
  private chunkSize = 0;
  /** Id, model and time of the stream's chunks, for chunks that are made here. */
  private metadata: Chunk = { choices: [] };

  constructor(readonly kind: PieceKind) {}

  get isEmpty(): boolean {
    return this.text === "" && this.chunk === undefined;
  }

  /** Estimated characters that are held: the text and the rest of the chunks. */
  get size(): number {
    return this.text.length + this.chunkSize;
  }

  /** Adds a piece, which it may change. */
  add({ text, chunk }: Piece): void {
    this.text += text;
    if (!chunk) return;
    for (const { index, delta } of chunk.choices) {
      if (index !== 0) continue;
      delete delta.content;
      if (this.kind !== "reasoning") continue;
      this.text += delta.reasoning_content ?? "";
      delete delta.reasoning_content;
    }
    for (const { delta } of chunk.choices) this.chunkSize += estimateDeltaSize(delta);
    this.chunk = this.chunk ? mergeChunks(this.chunk, chunk) : chunk;
  }

  /**
   * Removes the first `length` characters of the text and returns them as a piece. Everything that belongs to no place
   * in the text (log probabilities, citations, tool calls) goes with them.
   */
  takeStart(length: number): Piece {
    const text = copyText(this.text.slice(0, length));
    this.text = this.text.slice(length);
    const chunk = this.takeChunk();
    if (this.kind !== "reasoning") {
      const first = chunk?.choices.find(({ index }) => index === 0);
      if (first && text !== "") first.delta.content = text;
      return chunk ? { text, chunk } : { text };
    }
    const reasoning: Chunk = chunk ?? { ...this.metadata, choices: [] };
    let first = reasoning.choices.find(({ index }) => index === 0);
    if (!first) {
      first = { index: 0, delta: {}, finish_reason: null };
      reasoning.choices.unshift(first);
    }
    if (text !== "") first.delta.reasoning_content = text;
    return { text: "", chunk: reasoning };
  }

  private takeChunk(): Chunk | undefined {
    const { chunk } = this;
    this.chunk = undefined;
    this.chunkSize = 0;
    if (chunk) {
      this.metadata = { choices: [] };
      for (const key of ["id", "object", "created", "model"]) {
        if (chunk[key] !== undefined) this.metadata[key] = chunk[key];
      }
    }
    return chunk;
  }
}

/** Estimates the characters that a delta adds, without its field names. */
function estimateDeltaSize(delta: Chunk["choices"][number]["delta"]): number {
  let size = 0;
  for (const key in delta) {
    const value = delta[key];
    if (typeof value === "string") size += value.length;
    else if (key !== "tool_calls") size += estimateSize(value);
    else {
      for (const call of delta.tool_calls ?? [])
        size += (call.function?.arguments ?? call.custom?.input ?? "").length;
    }
  }
  return size;
}
