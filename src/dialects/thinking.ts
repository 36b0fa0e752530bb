import type { Chunk, ChunkChoice } from "../core/chat/chunk.js";
import type { ReasoningPlace } from "../core/chat/vendor-echo.js";
import type { Failure } from "../core/failure.js";
import { toChunkKind } from "./chunk-kind.js";
import type { ChunkKind, DecoderSink } from "./dialect.js";
import { beginsHarmony, findPartialMark, HarmonySplitter } from "./harmony.js";
import { getTagsPlace, readOpeningMark, type SplitText, type ThinkingMarks } from "./thinking-marks.js";

/**
 * Separates the reasoning that a model writes into its answer between marks, such as `<think>` and `</think>`. Marks count
 * only before the answer begins, because an answer may be about them; white space does not begin it. Pairs of marks inside
 * the reasoning are part of it. Only the outer marks are removed, wherever the text is cut into pieces. If the closing mark
 * is missing, the rest of the text is reasoning.
 */
export class ThinkingSplitter {
  /** The marks around the current reasoning. */
  private marks: ThinkingMarks | undefined;
  /** How many pairs of marks are open. */
  private depth = 0;
  /** Whether the answer has begun. From then on the text is not searched. */
  private hasAnswer = false;
  /** The end of the text so far, if it may be the beginning of a mark. */
  private heldText = "";
  private harmony: HarmonySplitter | undefined;

  /** @param onReasoning called with the place where the reasoning is */
  constructor(private readonly onReasoning?: (place: ReasoningPlace) => void) {}

  /**
   * Splits the next piece of the text.
   * @param last whether the text ends here, so that nothing is held back; default false
   */
  split(text: string, last = false): SplitText {
    if (this.hasAnswer) return { content: text, reasoning: "" };
    if (this.harmony) return this.harmony.split(text, last);
    const result: SplitText = { content: "", reasoning: "" };
    let rest = this.heldText + text;
    this.heldText = "";
    while (rest !== "") {
      rest = this.marks
        ? this.splitInside(this.marks, rest, result, last)
        : this.splitOutside(rest, result, last);
    }
    return result;
  }

  /** @returns the text behind an opening mark; "" if there is none */
  private splitOutside(text: string, result: SplitText, last: boolean): string {
    const blanks = text.length - text.trimStart().length;
    result.content += text.slice(0, blanks);
    const rest = text.slice(blanks);
    const mark = readOpeningMark(rest);
    if (typeof mark === "object") {
      this.marks = mark.marks;
      this.depth = 1;
      this.onReasoning?.(getTagsPlace(rest.slice(0, mark.length)));
      return rest.slice(mark.length);
    }
    const isHarmony = beginsHarmony(rest);
    if (isHarmony) this.splitHarmony(rest, result, last);
    else if (!last && rest !== "" && (isHarmony === undefined || mark === "partial")) this.heldText = rest;
    else if (rest !== "") {
      this.hasAnswer = true;
      result.content += rest;
    }
    return "";
  }

  private splitHarmony(text: string, result: SplitText, last: boolean): void {
    this.harmony = new HarmonySplitter();
    this.onReasoning?.("");
    const { content, reasoning } = this.harmony.split(text, last);
    result.content += content;
    result.reasoning += reasoning;
  }

  /** @returns the text behind the outer closing mark; "" if there is none */
  private splitInside(
    { close, open, pattern }: ThinkingMarks,
    text: string,
    result: SplitText,
    last: boolean,
  ): string {
    for (const mark of text.matchAll(pattern)) {
      this.depth += close.includes(mark[0].toLowerCase()) ? -1 : 1;
      if (this.depth > 0) continue;
      this.marks = undefined;
      result.reasoning += text.slice(0, mark.index);
      return text.slice(mark.index + mark[0].length);
    }
    const start = last ? -1 : findPartialMark(text, [...open, ...close]);
    result.reasoning += start < 0 ? text : text.slice(0, start);
    if (start >= 0) this.heldText = text.slice(start);
    return "";
  }
}

/**
 * Stands between a decoder and its sink. It moves the reasoning in a choice's text to `reasoning_content`. If the service
 * sends reasoning in a field, too, that in the text is a copy and is dropped (MiniMax).
 */
export class ThinkingFilter implements DecoderSink {
  private readonly splitters = new Map<number, ThinkingSplitter>();
  /** The choices with reasoning in a field. */
  private readonly hasField = new Set<number>();
  /** What the chunks that are created here take from the latest chunk of the decoder. */
  private chunkHead: Omit<Chunk, "choices"> = {};

  /** @param onReasoning called with the place where the reasoning is, if that is the text */
  constructor(
    private readonly sink: DecoderSink,
    private readonly onReasoning?: (place: ReasoningPlace) => void,
  ) {}

  onText(text: string): void {
    this.sendParts(0, this.getSplitter(0).split(text));
  }

  onChunk(chunk: Chunk, kind: ChunkKind, text: string): void {
    const { id, object, created, model } = chunk;
    this.chunkHead = { id, object, created, model };
    let hasReasoning = false;
    let answer = text;
    for (const choice of chunk.choices) {
      if (choice.delta.reasoning_content) this.hasField.add(choice.index);
      const { content, reasoning } = this.getSplitter(choice.index).split(
        choice.delta.content ?? "",
        Boolean(choice.finish_reason),
      );
      if (content !== (choice.delta.content ?? "")) setContent(choice, content);
      if (choice.index === 0) answer = content;
      if (reasoning === "" || this.hasField.has(choice.index)) continue;
      hasReasoning = true;
      choice.delta.reasoning_content = reasoning;
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
    if (reasoning !== "" && !this.hasField.has(index))
      this.sink.onChunk(this.createChunk(index, { reasoning_content: reasoning }), "rich", "");
    if (content === "") return;
    if (index === 0) this.sink.onText(content);
    else this.sink.onChunk(this.createChunk(index, { content }), "rich", "");
  }

  private createChunk(index: number, delta: ChunkChoice["delta"]): Chunk {
    // Not a spread: on Node.js 20, a property that is added to such a copy costs over 1 µs.
    return Object.assign({}, this.chunkHead, { choices: [{ index, delta, finish_reason: null }] });
  }

  private getSplitter(index: number): ThinkingSplitter {
    let splitter = this.splitters.get(index);
    if (!splitter) {
      splitter = new ThinkingSplitter((place) => {
        if (!this.hasField.has(index)) this.onReasoning?.(place);
      });
      this.splitters.set(index, splitter);
    }
    return splitter;
  }
}

function setContent(choice: ChunkChoice, content: string): void {
  if (content === "") delete choice.delta.content;
  else choice.delta.content = content;
}
