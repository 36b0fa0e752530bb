import type { Chunk } from "../chat/chunk.js";
import { copyText } from "../chat/growing-text.js";
import { mergeChunks } from "../chat/merge.js";
import { estimateSize } from "../json/parse.js";

/** Something on its way: answer text, and the chunk where there is more to tell than that. */
export interface Piece {
  text: string;
  chunk?: Chunk;
}

/** What keeps its order: answer text, reasoning, and everything else (tool calls, refusals, audio …). */
export type PieceKind = "text" | "reasoning" | "other";

/** What a piece is. `undefined`: it says something of the whole only, or of other choices, and goes with any kind. */
export function readPieceKind({ text, chunk }: Piece): PieceKind | undefined {
  const first = chunk?.choices.find(({ index }) => index === 0);
  const said = Object.keys(first?.delta ?? {}).filter((key) => {
    const value = first!.delta[key];
    return key !== "role" && key !== "content" && value !== null && value !== undefined && value !== "";
  });
  if (said.length === 0) return text === "" ? undefined : "text";
  return text === "" && said.every((key) => key === "reasoning_content") ? "reasoning" : "other";
}

/** Pieces of one kind, as one. What comes in stays as it is: it is somebody else's too. */
export class HeldPiece {
  /** The answer text, or the reasoning. */
  text = "";
  private chunk: Chunk | undefined;
  private chunkSize = 0;
  /** What chunks of this stream say of themselves. */
  private metadata: Chunk = { choices: [] };

  constructor(readonly kind: PieceKind) {}

  get isEmpty(): boolean {
    return this.text === "" && this.chunk === undefined;
  }

  /** About how many characters are held. */
  get size(): number {
    return this.text.length + this.chunkSize;
  }

  add({ text, chunk }: Piece): void {
    this.text += text;
    if (!chunk) return;
    const own = structuredClone(chunk);
    for (const { index, delta } of own.choices) {
      if (index !== 0) continue;
      // The message's text is what counts; a flow may have changed it.
      delete delta.content;
      if (this.kind !== "reasoning") continue;
      this.text += delta.reasoning_content ?? "";
      delete delta.reasoning_content;
    }
    for (const { delta } of own.choices) this.chunkSize += estimateDeltaSize(delta);
    this.chunk = this.chunk ? mergeChunks(this.chunk, own) : own;
  }

  /** Takes away the beginning of the text, and with it all that belongs to no place in it. */
  takeStart(length: number): Piece {
    const text = copyText(this.text.slice(0, length));
    this.text = this.text.slice(length);
    const chunk = this.takeChunk();
    if (this.kind !== "reasoning") {
      const first = chunk?.choices.find(({ index }) => index === 0);
      if (first && text !== "") first.delta.content = text;
      return chunk ? { text, chunk } : { text };
    }
    const whole: Chunk = chunk ?? { ...this.metadata, choices: [] };
    let first = whole.choices.find(({ index }) => index === 0);
    if (!first) {
      first = { index: 0, delta: {}, finish_reason: null };
      whole.choices.unshift(first);
    }
    if (text !== "") first.delta.reasoning_content = text;
    return { text: "", chunk: whole };
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

/** Characters of what a delta adds, without the words around it. */
function estimateDeltaSize(delta: Chunk["choices"][number]["delta"]): number {
  let size = 0;
  for (const key in delta) {
    const value = delta[key];
    if (typeof value === "string") size += value.length;
    else if (key !== "tool_calls") size += estimateSize(value);
    else for (const call of delta.tool_calls ?? []) size += call.function?.arguments?.length ?? 0;
  }
  return size;
}
