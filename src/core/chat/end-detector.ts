import type { Chunk } from "./chunk.js";
import type { CompletionMachine } from "./completion.js";
import { type ChatRequest, readChoiceCount } from "./request.js";

/** What a chunk shows about the end of an answer. */
export interface EndClues {
  /** In the words of the message contract; undefined until every requested choice has one. */
  finishReason: string | undefined;
  /** Whether the chunk has content of any kind: text, reasoning, a tool call. */
  hasContent: boolean;
  /** The chunk's answer text. */
  text: string;
  /** Whether the chunk has no choices, such as the one with the usage. */
  hasNoChoices: boolean;
}

/**
 * Reads the clues of a chunk.
 * @param machine has the chunk already
 * @param hasContent whether the chunk has more than metadata
 * @param text what it adds to the text of the first choice
 */
export function readEndClues(
  machine: CompletionMachine,
  request: ChatRequest,
  chunk: Chunk,
  hasContent: boolean,
  text: string,
): EndClues {
  const isFinished = machine.isFinished && machine.choiceCount >= readChoiceCount(request);
  const finishReason = isFinished ? machine.finishReason : undefined;
  return { finishReason, hasContent, text, hasNoChoices: chunk.choices.length === 0 };
}

/**
 * Decides whether a finish reason really ends the answer. Some services send one with every chunk; to stop at the
 * first would lose the rest of the text. In doubt the answer ends when the connection closes or falls silent.
 */
export class EndDetector {
  /** Whether every requested choice has a finish reason, as of the latest chunk that is not text alone. */
  private hasReason = false;
  /** Whether content followed a finish reason, so that later ones prove nothing. */
  private hasContinued = false;
  /** Whether the latest finish reason came in a chunk without content, and no content has followed. */
  private isAlone = false;
  /** Whether anything came before the finish reason, so that a chunk with a reason alone is a real end. */
  private hasBegun = false;
  /** Whether text came before the finish reason. */
  private hasText = false;

  /** Whether silence now means that the answer has ended. */
  get isCertain(): boolean {
    return this.hasReason && (!this.hasContinued || this.isAlone);
  }

  /** Whether every choice has a finish reason, so that the answer is complete if the connection closes now. */
  get isReached(): boolean {
    return this.hasReason;
  }

  /** Notes a chunk with nothing but text. */
  addText(): void {
    this.isAlone = false;
    if (this.hasReason) this.hasContinued = true;
    else this.hasBegun = this.hasText = true;
  }

  /** Notes a chunk with nothing but content before any finish reason. @param isText whether it is answer text */
  addContent(isText: boolean): void {
    this.hasBegun = true;
    if (isText) this.hasText = true;
  }

  /** Notes any other chunk. @returns whether only the usage and the end marker can follow */
  addChunk({ finishReason, hasContent, text, hasNoChoices }: EndClues): boolean {
    const hadReason = this.hasReason;
    const hasReason = finishReason !== undefined;
    this.hasReason = hasReason;
    this.isAlone = hasReason && !hasContent;
    if (hasContent && hadReason) this.hasContinued = true;
    // Some services send a reason with every chunk, from the first one on. So it ends the answer only if something came
    // before: text, if the chunk has content itself; anything, if it has none. Without choices, a chunk has only the usage.
    const isEnd = hasNoChoices
      ? hadReason
      : !this.hasContinued && (hasContent ? this.hasText : this.hasBegun);
    if (hasContent || !hasReason) this.hasBegun = true;
    if (text !== "" && !hasReason) this.hasText = true;
    // Services that send a reason with every chunk send `stop`.
    return hasReason && (isEnd || finishReason !== "stop");
  }
}
