import type { SplitText } from "./thinking-marks.js";

/** Begin a header: of a further message, and of the first one, whose beginning is a part of the prompt. */
const HEADER_STARTS = ["<|start|>", "<|channel|>"] as const;

const HEADER_END = "<|message|>";

/** Tokens that end a message. */
const MESSAGE_ENDS = ["<|end|>", "<|return|>", "<|call|>", ...HEADER_STARTS] as const;

const MESSAGE_END = /<\|(?:end|return|call|start|channel)\|>/;

/** Longest header of a message: role, channel, recipient and content type. */
const MAX_HEADER_CHARS = 256;

/** Whether a text begins with a header of gpt-oss's messages; undefined if it may still become one. */
export function beginsHarmony(text: string): boolean | undefined {
  if (HEADER_STARTS.some((start) => text.startsWith(start))) return true;
  return HEADER_STARTS.some((start) => start.startsWith(text)) ? undefined : false;
}

/**
 * Separates reasoning from the answer in the raw output of gpt-oss (OpenAI harmony response format), which servers without a
 * parser for it send: `<|channel|>analysis<|message|>` reasoning `<|end|><|start|>assistant<|channel|>final<|message|>`
 * answer. The tokens are removed. A tool call in that form is left in the text as it is.
 */
export class HarmonySplitter {
  /** What the current message is; undefined between messages and in a header. */
  private body: "reasoning" | "content" | undefined;
  private hasMessage = false;
  /** A header that has not ended, or the end of the text if it may be the beginning of a token. */
  private heldText = "";

  /** Splits the next piece. @param last whether the text ends here */
  split(text: string, last: boolean): SplitText {
    const result: SplitText = { content: "", reasoning: "" };
    let rest = this.heldText + text;
    this.heldText = "";
    while (rest !== "")
      rest = this.body ? this.readBody(rest, result, last) : this.readHeader(rest, result, last);
    return result;
  }

  /** @returns the text behind the header; "" if it has not ended */
  private readHeader(text: string, result: SplitText, last: boolean): string {
    const isHeader = beginsHarmony(text);
    // Only as far as a header can be: a text of many headers without an end would be searched for each of them.
    const end = text.slice(0, MAX_HEADER_CHARS + HEADER_END.length).indexOf(HEADER_END);
    if (isHeader && end >= 0) return this.endHeader(text, end, result);
    const isLong = text.length > MAX_HEADER_CHARS + HEADER_END.length;
    if (isHeader === false || isLong) {
      // Text without a header is a part of the answer.
      this.body = "content";
      const start = isHeader ? HEADER_STARTS.find((token) => text.startsWith(token))!.length : 0;
      result.content += text.slice(0, start);
      return text.slice(start);
    }
    if (!last) this.heldText = text;
    else if (!this.hasMessage) result.content += text;
    return "";
  }

  private endHeader(text: string, end: number, result: SplitText): string {
    const header = text.slice(0, end + HEADER_END.length);
    this.hasMessage = true;
    this.body =
      /<\|channel\|>\s*analysis\b/.test(header) && !header.includes("to=") ? "reasoning" : "content";
    if (header.includes("to=")) result.content += header;
    return text.slice(header.length);
  }

  /** @returns the text behind the message; "" if it has not ended */
  private readBody(text: string, result: SplitText, last: boolean): string {
    const end = MESSAGE_END.exec(text);
    if (end) {
      result[this.body!] += text.slice(0, end.index);
      this.body = undefined;
      const isHeader = HEADER_STARTS.some((start) => start === end[0]);
      return text.slice(isHeader ? end.index : end.index + end[0].length);
    }
    const start = last ? -1 : findPartialMark(text, MESSAGE_ENDS);
    result[this.body!] += start < 0 ? text : text.slice(0, start);
    if (start >= 0) this.heldText = text.slice(start);
    return "";
  }
}

/**
 * Finds the beginning of a mark at the end of a text. No mark has its first character twice.
 * @param marks in lower case, all with the same first character
 * @returns its position, or -1
 */
export function findPartialMark(text: string, marks: readonly string[]): number {
  const start = text.lastIndexOf(marks[0]![0]!);
  if (start < 0) return -1;
  const rest = text.slice(start).toLowerCase();
  return marks.some((mark) => mark.length > rest.length && mark.startsWith(rest)) ? start : -1;
}
