import type { Chunk, ChunkChoice, Delta, DeltaText } from "../core/chat/chunk.js";
import type { ChunkKind, DecoderSink } from "./dialect.js";

/** Fields of a delta that do not make its chunk rich. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(["role", "content", "name"]);

/** Whether a delta has more than answer text, so that a reader needs the chunk. */
export function isRich(delta: Delta): boolean {
  for (const key in delta) if (!PLAIN_FIELDS.has(key)) return true;
  return false;
}

/** Whether a choice is rich: it has token probabilities, a rich delta, or text of another answer than the first. */
export function isRichChoice(choice: ChunkChoice): boolean {
  return (
    Boolean(choice.logprobs) || isRich(choice.delta) || (choice.index > 0 && Boolean(choice.delta.content))
  );
}

/** Gets what a chunk adds to the text of the first choice. */
export function getAnswerText(chunk: Chunk): string {
  const first = chunk.choices.find((choice) => choice.index === 0);
  return first?.delta.content ?? "";
}

/**
 * Names the kind of a chunk.
 * @param rich whether one of its choices is rich
 * @param text what it adds to the text of the first choice
 */
export function toChunkKind(rich: boolean, text: string): ChunkKind {
  if (rich) return "rich";
  return text === "" ? "silent" : "text";
}

/** Passes on a rich chunk that has nothing new but what `DecoderSink.onPiece` names. */
export function sendPiece(sink: DecoderSink, chunk: Chunk, field: DeltaText, piece: string): void {
  if (sink.onPiece) sink.onPiece(chunk, field, piece);
  else sink.onChunk(chunk, "rich", field === "content" ? piece : "");
}
