/** The first line of a Markdown code block with JSON. */
const OPENING_LINE = /^```(?:json)?\s*$/i;

/** A longer line opens no code block. */
const MAX_LINE_CHARS = 64;

/**
 * Removes a code block around a text: models often put JSON into one although the request forbids it.
 * @returns the content of the block, or the text itself
 */
export function stripFence(text: string): string {
  const trimmed = text.trim();
  const lineEnd = trimmed.indexOf("\n");
  const isFenced =
    lineEnd !== -1 && lineEnd <= MAX_LINE_CHARS && OPENING_LINE.test(trimmed.slice(0, lineEnd));
  return isFenced && trimmed.endsWith("```") ? trimmed.slice(lineEnd, -3) : text;
}

/** Removes the line that opens a code block from a text that comes in pieces. The end of the block stays. */
export class OpeningFence {
  /** The text so far while it may still be the opening line; undefined once that is decided. */
  private line: string | undefined = "";

  /** @returns what the piece adds to the text after the opening line */
  strip(piece: string): string {
    if (this.line === undefined) return piece;
    const text = (this.line + piece).trimStart();
    const end = text.indexOf("\n");
    const isUndecided = end === -1 && text.length <= MAX_LINE_CHARS && (text.startsWith("`") || text === "");
    this.line = isUndecided ? text : undefined;
    if (isUndecided) return "";
    return end !== -1 && end <= MAX_LINE_CHARS && OPENING_LINE.test(text.slice(0, end))
      ? text.slice(end)
      : text;
  }
}
