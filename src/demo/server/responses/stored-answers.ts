import { DemoError } from "../../errors.js";
import type { ResponsesAnswer } from "./answer.js";
import { StoredAnswer } from "./stored-answer.js";

/** How long an answer is stored. */
const MAX_STORED_MS = 10 * 60_000;
const MAX_STORED_ANSWERS = 100;
/** Characters of all answers together. The oldest make room. */
const MAX_STORED_CHARS = 1_000_000;

/** The answers that the demo server keeps, the oldest first. */
export class StoredAnswers {
  private readonly answers = new Map<string, StoredAnswer>();
  private readonly sizes = new Map<string, number>();
  private chars = 0;

  /** @param readTime a clock that never goes back, in milliseconds */
  constructor(private readonly readTime: () => number = () => performance.now()) {}

  /** Begins an answer, and keeps it if its request says so. An answer longer than all room is not stored. */
  begin(answer: ResponsesAnswer): StoredAnswer {
    const stored = new StoredAnswer(answer, this.readTime);
    const chars = countChars(answer);
    if (!answer.request.store || chars > MAX_STORED_CHARS) return stored;
    this.answers.set(answer.id, stored);
    this.sizes.set(answer.id, chars);
    this.chars += chars;
    this.dropOld();
    return stored;
  }

  /** @throws DemoError 404 if there is no such answer, or no longer */
  get(id: string): StoredAnswer {
    this.dropOld();
    const stored = this.answers.get(id);
    if (stored) return stored;
    throw new DemoError(404, `Response with id '${id.slice(0, 100)}' not found.`);
  }

  /** @throws DemoError 404 if there is no such answer, or no longer */
  delete(id: string): void {
    this.get(id);
    this.drop(id);
  }

  private dropOld(): void {
    for (const [id, { ageMs }] of this.answers) {
      const isFull = this.answers.size > MAX_STORED_ANSWERS || this.chars > MAX_STORED_CHARS;
      if (!isFull && ageMs <= MAX_STORED_MS) return;
      this.drop(id);
    }
  }

  private drop(id: string): void {
    this.chars -= this.sizes.get(id) ?? 0;
    this.sizes.delete(id);
    this.answers.delete(id);
  }
}

function countChars({ items, request }: ResponsesAnswer): number {
  const texts = items.flatMap(({ tokens }) => tokens);
  return texts.reduce((sum, { length }) => sum + length, JSON.stringify(request.echo).length);
}
