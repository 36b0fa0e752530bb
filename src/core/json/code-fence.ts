/** The first line of a fenced code block with JSON in it. */
const OPENING_LINE = /^```(?:json)?\s*$/i;

/** More than this is no such line; characters. */
const MAX_LINE_CHARS = 64;

/** Models like to put JSON into a fenced block, whatever they are told. @returns what stands in it, else the text */
export function stripFence(text: string): string {
  const trimmed = text.trim();
  const line = trimmed.indexOf("\n");
  const fenced = line !== -1 && line <= MAX_LINE_CHARS && OPENING_LINE.test(trimmed.slice(0, line));
  return fenced && trimmed.endsWith("```") ? trimmed.slice(line, -3) : text;
}

/** The same while the text is still coming: takes off the line that opens the block. What closes it is not its affair. */
export class OpeningFence {
  /** What may be that line; undefined once it is known. */
  private line: string | undefined = "";

  /** @returns what the piece adds to the text within */
  strip(piece: string): string {
    if (this.line === undefined) return piece;
    const text = (this.line + piece).trimStart();
    const end = text.indexOf("\n");
    const open = end === -1 && text.length <= MAX_LINE_CHARS && (text.startsWith("`") || text === "");
    this.line = open ? text : undefined;
    if (open) return "";
    return end !== -1 && end <= MAX_LINE_CHARS && OPENING_LINE.test(text.slice(0, end))
      ? text.slice(end)
      : text;
  }
}
