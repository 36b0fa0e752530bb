import type { Chunk, ChunkChoice } from "../core/chat/chunk.js";
import type { Failure } from "../core/failure.js";
import { toChunkKind } from "./chunk-kind.js";
import type { ChunkKind, DecoderSink } from "./dialect.js";

const OPENING_TAGS = ["<think>", "<thinking>"];
const TAGS = [...OPENING_TAGS, "</think>", "</thinking>"];
const ANY_TAG = /<\/?think(?:ing)?>/g;

/** A text, separated into the answer and the reasoning. */
interface SplitText {
  content: string;
  reasoning: string;
}

/**
 * Separates the reasoning that a model writes into its answer between `<think>` or `<thinking>` and the closing tag.
 * Tags count only before the answer begins, because an answer may be about such tags; white space does not begin it.
 * Pairs of tags inside the reasoning are part of it. Only the outer tags are removed, wherever the text is cut into
 * pieces. If the closing tag is missing, the rest of the text is reasoning.
 */
export class ThinkingSplitter {
  /** How many tags are open. */
  private depth = 0;
  /** Whether the answer has begun. From then on the text is not searched. */
  private hasAnswer = false;
  /** The end of the text so far, if it may be the beginning of a tag. */
  private heldText = "";

  /**
   * Splits the next piece of the text.
   * @param last whether the text ends here, so that nothing is held back; default false
   */
  split(text: string, last = false): SplitText {
    if (this.hasAnswer) return { content: text, reasoning: "" };
    const result: SplitText = { content: "", reasoning: "" };
    let rest = this.heldText + text;
    this.heldText = "";
    while (rest !== "") {
      rest =
        this.depth === 0
          ? this.splitOutsideTags(rest, result, last)
          : this.splitInsideTags(rest, result, last);
    }
    return result;
  }

  /** @returns the text behind an opening tag; "" if there is none */
  private splitOutsideTags(text: string, result: SplitText, last: boolean): string {
    const blanks = text.length - text.trimStart().length;
    result.content += text.slice(0, blanks);
    const rest = text.slice(blanks);
    const tag = OPENING_TAGS.find((opening) => rest.startsWith(opening));
    if (tag) {
      this.depth = 1;
      return rest.slice(tag.length);
    }
    if (!last && rest !== "" && OPENING_TAGS.some((opening) => opening.startsWith(rest)))
      this.heldText = rest;
    else if (rest !== "") {
      this.hasAnswer = true;
      result.content += rest;
    }
    return "";
  }

  /** @returns the text behind the outer closing tag; "" if there is none */
  private splitInsideTags(text: string, result: SplitText, last: boolean): string {
    for (const tag of text.matchAll(ANY_TAG)) {
      this.depth += tag[0].startsWith("</") ? -1 : 1;
      if (this.depth > 0) continue;
      result.reasoning += text.slice(0, tag.index);
      return text.slice(tag.index + tag[0].length);
    }
    const start = last ? -1 : findPartialTag(text);
    result.reasoning += start < 0 ? text : text.slice(0, start);
    if (start >= 0) this.heldText = text.slice(start);
    return "";
  }
}

/** Finds the beginning of a tag at the end of a text. @returns its position, or -1 */
function findPartialTag(text: string): number {
  const start = text.lastIndexOf("<");
  if (start < 0) return -1;
  const rest = text.slice(start);
  return TAGS.some((tag) => tag.length > rest.length && tag.startsWith(rest)) ? start : -1;
}

/** Stands between a decoder and its sink. It moves the reasoning in a choice's text to `reasoning_content`. */
export class ThinkingFilter implements DecoderSink {
  private readonly splitters = new Map<number, ThinkingSplitter>();
  /** What the chunks that are created here take from the latest chunk of the decoder. */
  private chunkHead: Omit<Chunk, "choices"> = {};

  constructor(private readonly sink: DecoderSink) {}

  onText(text: string): void {
    this.sendParts(0, this.getSplitter(0).split(text));
  }

  onChunk(chunk: Chunk, kind: ChunkKind, text: string): void {
    const { id, object, created, model } = chunk;
    this.chunkHead = { id, object, created, model };
    let hasReasoning = false;
    let answer = text;
    for (const choice of chunk.choices) {
      const { content, reasoning } = this.getSplitter(choice.index).split(
        choice.delta.content ?? "",
        Boolean(choice.finish_reason),
      );
      if (content !== (choice.delta.content ?? "")) setContent(choice, content);
      if (choice.index === 0) answer = content;
      if (reasoning === "") continue;
      hasReasoning = true;
      choice.delta.reasoning_content = (choice.delta.reasoning_content ?? "") + reasoning;
    }
    this.sink.onChunk(chunk, toChunkKind(hasReasoning || kind === "rich", answer), answer);
  }

  onMarker(): void {
    this.flush();
    this.sink.onMarker();
  }

  onFailure(failure: Failure): void {
    this.flush();
    this.sink.onFailure(failure);
  }

  onBadRecord(failure: Failure): void {
    this.sink.onBadRecord(failure);
  }

  onSkipped(): void {
    this.sink.onSkipped();
  }

  /** Sends the text that is held back. Call it when the stream ends, for whatever reason. */
  flush(): void {
    for (const [index, splitter] of this.splitters) this.sendParts(index, splitter.split("", true));
  }

  private sendParts(index: number, { content, reasoning }: SplitText): void {
    if (reasoning !== "")
      this.sink.onChunk(this.createChunk(index, { reasoning_content: reasoning }), "rich", "");
    if (content === "") return;
    if (index === 0) this.sink.onText(content);
    else this.sink.onChunk(this.createChunk(index, { content }), "rich", "");
  }

  private createChunk(index: number, delta: ChunkChoice["delta"]): Chunk {
    return { ...this.chunkHead, choices: [{ index, delta, finish_reason: null }] };
  }

  private getSplitter(index: number): ThinkingSplitter {
    let splitter = this.splitters.get(index);
    if (!splitter) {
      splitter = new ThinkingSplitter();
      this.splitters.set(index, splitter);
    }
    return splitter;
  }
}

function setContent(choice: ChunkChoice, content: string): void {
  if (content === "") delete choice.delta.content;
  else choice.delta.content = content;
}
