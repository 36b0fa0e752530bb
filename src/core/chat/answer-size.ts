import { Failure } from "../failure.js";
import type { Limits } from "../limits.js";

/** Counts what an answer holds, and stops it at its bounds. */
export class AnswerSize {
  private text = 0;
  private other = 0;
  private metadata = 0;

  constructor(readonly limits: Readonly<Limits>) {}

  /** All that the model said so far, in characters. */
  get contentChars(): number {
    return this.text + this.other;
  }

  /** Characters that somebody reads: text, reasoning, refusals, arguments. @throws Failure `limit` */
  addText(characters: number): void {
    this.text += characters;
    if (this.text > this.limits.completion) {
      throw new Failure(
        "limit",
        `The answer is longer than ${this.limits.completion} characters. Set a smaller maximum of tokens.`,
      );
    }
  }

  /** Characters of what else the model said: audio, images, probabilities, citations. @throws Failure `limit` */
  addOther(characters: number): void {
    this.other += characters;
    this.checkAttachments();
  }

  /** Characters of what the service adds of its own accord. @throws Failure `limit` */
  addMetadata(characters: number): void {
    this.metadata += characters;
    this.checkAttachments();
  }

  private checkAttachments(): void {
    if (this.other + this.metadata > this.limits.attachments) {
      throw new Failure(
        "limit",
        `What came beside the answer's text (audio, images, probabilities, the service's own fields) is longer than ${this.limits.attachments} characters.`,
      );
    }
  }
}
