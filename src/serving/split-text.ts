import { endsWithHighSurrogate } from "../core/surrogates.js";

/** Longest text in one frame. In JSON a character has at most six bytes, and some clients read no line above 64 KiB. */
const MAX_FRAME_CHARS = 10_000;

/** Cuts a text into pieces that fit into a frame each. No piece ends inside a character. @returns none for `""` */
export function splitText(text: string): string[] {
  if (text.length <= MAX_FRAME_CHARS) return text === "" ? [] : [text];
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    let piece = text.slice(at, at + MAX_FRAME_CHARS);
    if (endsWithHighSurrogate(piece) && at + piece.length < text.length) piece = piece.slice(0, -1);
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}
