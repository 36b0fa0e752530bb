import type { Chunk, ChunkChoice } from "../core/chat/chunk.js";
import type { Failure } from "../core/failure.js";
import { toChunkKind } from "./chunk-kind.js";
import type { ChunkKind, DecoderSink } from "./dialect.js";

const OPENERS = ["<think>", "<thinking>"];
const TAGS = [...OPENERS, "</think>", "</thinking>"];
const ANY_TAG = /<\/?think(?:ing)?>/g;

/** A text in two: what is answer, and what was thought. */
interface Split {
  content: string;
  reasoning: string;
}

/**
 * Tells reasoning apart that a model writes into its answer, between `<think>` or `<thinking>` and the end of it. It
 * counts only where nothing but blanks has been said before: an answer may speak of such tags. Pairs within are part
 * of the reasoning. Of the whole text only the outer tags go, wherever it is cut; reasoning whose end never comes is
 * reasoning.
 */
export class ThinkingSplitter {
  private depth = 0;
  /** Something that is no blank has been answered: from here on the text is as it is. */
  private answering = false;
  /** What may be the beginning of a tag. */
  private held = "";

  /** @param last nothing comes after: what is held is no tag */
  split(text: string, last = false): Split {
    if (this.answering) return { content: text, reasoning: "" };
    const result: Split = { content: "", reasoning: "" };
    let rest = this.held + text;
    this.held = "";
    while (rest !== "") {
      rest = this.depth === 0 ? this.before(rest, result, last) : this.within(rest, result, last);
    }
    return result;
  }

  /** @returns what is left to be read */
  private before(text: string, result: Split, last: boolean): string {
    const blanks = text.length - text.trimStart().length;
    result.content += text.slice(0, blanks);
    const rest = text.slice(blanks);
    const opener = OPENERS.find((tag) => rest.startsWith(tag));
    if (opener) {
      this.depth = 1;
      return rest.slice(opener.length);
    }
    if (!last && rest !== "" && OPENERS.some((tag) => tag.startsWith(rest))) this.held = rest;
    else if (rest !== "") {
      this.answering = true;
      result.content += rest;
    }
    return "";
  }

  private within(text: string, result: Split, last: boolean): string {
    for (const tag of text.matchAll(ANY_TAG)) {
      this.depth += tag[0].startsWith("</") ? -1 : 1;
      if (this.depth > 0) continue;
      result.reasoning += text.slice(0, tag.index);
      return text.slice(tag.index + tag[0].length);
    }
    const at = last ? -1 : beginningOfTag(text);
    result.reasoning += at < 0 ? text : text.slice(0, at);
    if (at >= 0) this.held = text.slice(at);
    return "";
  }
}

/** Where at the end of a text a tag may begin; -1 where none may. */
function beginningOfTag(text: string): number {
  const at = text.lastIndexOf("<");
  return at >= 0 && TAGS.some((tag) => tag.length > text.length - at && tag.startsWith(text.slice(at)))
    ? at
    : -1;
}

/** Stands between a decoder and its sink, and gives the reasoning that it finds in texts a place of its own. */
export class ThinkingFilter implements DecoderSink {
  private readonly splitters = new Map<number, ThinkingSplitter>();
  /** What a chunk of ours is to bear of the ones before it. */
  private head: Omit<Chunk, "choices"> = {};

  constructor(private readonly sink: DecoderSink) {}

  onText(text: string): void {
    this.tell(0, this.splitterFor(0).split(text));
  }

  onChunk(chunk: Chunk, kind: ChunkKind, text: string): void {
    const { id, object, created, model } = chunk;
    this.head = { id, object, created, model };
    let thought = false;
    let answer = text;
    for (const choice of chunk.choices) {
      const { content, reasoning } = this.splitterFor(choice.index).split(
        choice.delta.content ?? "",
        Boolean(choice.finish_reason),
      );
      if (content !== (choice.delta.content ?? "")) setContent(choice, content);
      if (choice.index === 0) answer = content;
      if (reasoning === "") continue;
      thought = true;
      choice.delta.reasoning_content = (choice.delta.reasoning_content ?? "") + reasoning;
    }
    this.sink.onChunk(chunk, toChunkKind(thought || kind === "rich", answer), answer);
  }

  onMarker(): void {
    this.flush();
    this.sink.onMarker();
  }

  onFailure(failure: Failure): void {
    this.flush();
    this.sink.onFailure(failure);
  }

  onSkipped(): void {
    this.sink.onSkipped();
  }

  /** Tells what is held: the text ends here, however that came. */
  flush(): void {
    for (const [index, splitter] of this.splitters) this.tell(index, splitter.split("", true));
  }

  private tell(index: number, { content, reasoning }: Split): void {
    const made = (delta: ChunkChoice["delta"]): Chunk => ({
      ...this.head,
      choices: [{ index, delta, finish_reason: null }],
    });
    if (reasoning !== "") this.sink.onChunk(made({ reasoning_content: reasoning }), "rich", "");
    if (content === "") return;
    if (index === 0) this.sink.onText(content);
    else this.sink.onChunk(made({ content }), "rich", "");
  }

  private splitterFor(index: number): ThinkingSplitter {
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
