import type { Chunk, ChunkChoice, Delta, ToolCallDelta } from "../core/chat/chunk.js";
import { mergeDuplicateChoices } from "../core/chat/merge.js";
import { isReasoningField } from "../core/chat/vendor-echo.js";

/** What is known of the first choice before a chunk. */
export interface FirstChoice {
  /** Characters of its text. */
  readonly length: number;
  readonly toolCallCount: number;
}

/**
 * Joins the parts of one answer that a service spreads over several choices, such as the text in the first and the tool
 * calls in the second (GitHub Copilot). Use it only if the request asked for one answer. A further choice is a part of the
 * first one if it has tool calls and no text and the first has no calls, or text and no calls and the first has only calls.
 * Any other is an answer of its own.
 */
export class ChoiceJoiner {
  /** Whether a further choice is a part of the first; undecided until it has text or calls. */
  private isPart: Map<number, boolean> | undefined;
  /** The first choice's numbers of calls, by their choice and their number there. */
  private callNumbers: Map<string, number> | undefined;
  /** The first choice's calls that came before those of any part. They keep their numbers. */
  private ownCallCount = 0;

  /** @param maxChoices how many choices a chunk may have */
  constructor(
    private readonly first: FirstChoice,
    private readonly maxChoices: number,
  ) {}

  /** Whether a further choice is a part of the first one, so that calls are numbered anew. */
  get hasParts(): boolean {
    return this.callNumbers !== undefined;
  }

  /** Joins the choices of a chunk, in place. @returns whether the chunk has changed */
  join(chunk: Chunk): boolean {
    const { choices } = chunk;
    if (choices.every(({ index }) => index === 0) && !this.hasParts) return false;
    const own = choices.find(({ index }) => index === 0)?.delta ?? {};
    const kept = choices.flatMap((choice) => this.place(choice, own));
    chunk.choices = mergeDuplicateChoices(kept, this.maxChoices);
    return true;
  }

  /** @returns the choice in its place; nothing for one that has no content so far, so that it is not waited for */
  private place(choice: ChunkChoice, own: Delta): ChunkChoice[] {
    const { index, delta } = choice;
    const isPart = index > 0 && (this.isPart?.get(index) ?? this.decide(index, delta, own));
    if (index === 0 || isPart === true) {
      for (const call of delta.tool_calls ?? []) this.renumber(index, call);
      choice.index = 0;
    }
    return isPart === undefined ? [] : [choice];
  }

  /** @returns undefined as long as the choice has no content */
  private decide(index: number, delta: Delta, own: Delta): boolean | undefined {
    const names = Object.keys(delta).filter((name) => name !== "role" && name !== "name");
    if (names.length === 0) return undefined;
    // Reasoning comes before text as well as before calls, so it decides nothing.
    if (names.every(isReasoningField)) return true;
    const hasCalls = delta.tool_calls !== undefined;
    const hasText = Boolean(delta.content);
    const firstHasText = this.first.length > 0 || Boolean(own.content);
    const firstHasCalls = !this.hasParts && this.countOwnCalls(own) > 0;
    const isPart = hasCalls ? !hasText && !firstHasCalls : hasText && !firstHasText && firstHasCalls;
    this.isPart ??= new Map();
    this.isPart.set(index, isPart);
    if (isPart && !this.hasParts) this.ownCallCount = this.countOwnCalls(own);
    return isPart;
  }

  private countOwnCalls({ tool_calls: calls = [] }: Delta): number {
    return Math.max(this.first.toolCallCount, ...calls.map(({ index }) => index + 1));
  }

  private renumber(choice: number, call: ToolCallDelta): void {
    if (choice === 0 && (!this.hasParts || call.index < this.ownCallCount)) return;
    const key = `${choice} ${call.index}`;
    this.callNumbers ??= new Map();
    let number = this.callNumbers.get(key);
    if (number === undefined) {
      number = this.ownCallCount + this.callNumbers.size;
      this.callNumbers.set(key, number);
    }
    call.index = number;
  }
}
