import { type Boundary, forcedLength, wholeLength } from "./boundary.js";
import type { Chunk } from "./chunk.js";
import { mergeChunks } from "./merge.js";

/** When held pieces go on; whichever comes first. 0: this rule does not apply. */
export interface BufferRules {
  /** Pieces. */
  count: number;
  /** Characters. */
  characters: number;
  boundary: Boundary;
}

/** Something to send: answer text, and the chunk where there is more to tell. */
export interface Piece {
  text: string;
  chunk?: Chunk;
}

/** No rule holds more than this. */
export const MOST_CHARACTERS = 4000;

/** What is held together: pieces of one kind, so that their order is kept. */
type Lane = "text" | "reasoning" | "chunk";

/**
 * Merges the pieces of one stream by rules. Pure; time is the caller's. Joined, what comes out is what went in,
 * kind by kind and in order.
 */
export class DeltaBuffer {
  private lane: Lane = "text";
  private held = "";
  private chunk: Chunk | undefined;
  private pieces = 0;

  constructor(private readonly rules: Readonly<BufferRules>) {}

  /** Whether there is anything to flush. */
  get holding(): boolean {
    return this.held !== "" || this.chunk !== undefined;
  }

  /** @returns what is to be sent now. */
  add(piece: Piece): Piece[] {
    const lane = laneOf(piece);
    const before = lane === this.lane ? [] : this.flush();
    this.lane = lane;
    this.pieces++;
    if (lane === "chunk") {
      this.held += piece.text;
      this.chunk = this.chunk ? mergeChunks(this.chunk, piece.chunk!) : piece.chunk!;
      return [...before, ...(this.chunkIsDue() ? this.flush() : [])];
    }
    if (lane === "reasoning") this.chunk = piece.chunk!;
    this.held += lane === "text" ? piece.text : piece.chunk!.choices[0]!.delta.reasoning_content!;
    return [...before, ...this.due()];
  }

  /** Everything that is held, but for a character that may still grow unless this is the end. */
  release(): Piece[] {
    if (this.lane === "chunk") return this.flush();
    return this.cut(wholeLength(this.held, "none"));
  }

  /** Everything that is held. */
  flush(): Piece[] {
    if (!this.holding) return [];
    const { lane, held, chunk } = this;
    this.chunk = undefined;
    if (lane !== "chunk") return this.cut(held.length);
    this.held = "";
    this.pieces = 0;
    const first = chunk!.choices.find(({ index }) => index === 0);
    if (first && held !== "") first.delta.content = held;
    return [{ text: held, chunk: chunk! }];
  }

  private due(): Piece[] {
    const { count, characters, boundary } = this.rules;
    const pieces: Piece[] = [];
    if (boundary !== "none") pieces.push(...this.cut(wholeLength(this.held, boundary)));
    const full = (count > 0 && this.pieces >= count) || (characters > 0 && this.held.length >= characters);
    if (full) pieces.push(...this.release());
    while (this.held.length > MOST_CHARACTERS)
      pieces.push(...this.cut(forcedLength(this.held, MOST_CHARACTERS)));
    return pieces;
  }

  private chunkIsDue(): boolean {
    const { count, characters } = this.rules;
    const size = this.held.length + sizeOf(this.chunk!);
    return (count > 0 && this.pieces >= count) || size >= (characters > 0 ? characters : MOST_CHARACTERS);
  }

  private cut(length: number): Piece[] {
    if (length === 0) return [];
    const text = this.held.slice(0, length);
    this.held = this.held.slice(length);
    this.pieces = this.held === "" ? 0 : 1;
    return [this.lane === "text" ? { text } : { text: "", chunk: reasoning(text, this.chunk) }];
  }
}

function laneOf(piece: Piece): Lane {
  if (!piece.chunk) return "text";
  const { choices } = piece.chunk;
  const only = choices.length === 1 && choices[0]!.index === 0 ? choices[0]! : undefined;
  if (piece.text !== "" || !only || only.logprobs || typeof only.delta.reasoning_content !== "string")
    return "chunk";
  return Object.keys(only.delta).every((key) => key === "reasoning_content" || key === "role")
    ? "reasoning"
    : "chunk";
}

function reasoning(text: string, like: Chunk | undefined): Chunk {
  return { ...like, choices: [{ index: 0, delta: { reasoning_content: text }, finish_reason: null }] };
}

/** Characters of the tool calls' arguments and of the other choices' texts. */
function sizeOf(chunk: Chunk): number {
  let size = 0;
  for (const { delta } of chunk.choices) {
    size += (delta.content?.length ?? 0) + (delta.reasoning_content?.length ?? 0);
    for (const call of delta.tool_calls ?? []) size += call.function?.arguments?.length ?? 0;
  }
  return size;
}
