import { Failure } from "../failure.js";
import type { Limits } from "../limits.js";

/** Counts the characters of an answer and fails once it grows beyond its limits. */
export class AnswerSize {
  private text = 0;
  private other = 0;
  private metadata = 0;

  constructor(readonly limits: Readonly<Limits>) {}

  /** Characters that the model itself wrote so far. */
  get contentChars(): number {
    return this.text + this.other;
  }

  /** Counts characters of text, reasoning, refusals and tool arguments. @throws Failure `limit` */
  addText(characters: number): void {
    this.text += characters;
    if (this.text > this.limits.completion) {
      throw new Failure(
        "limit",
        `The answer is longer than ${this.limits.completion} characters. Lower the maximum of tokens in the request.`,
      );
    }
  }

  /**
   * Counts characters of the model's other output: audio, images, probabilities, citations.
   * @throws Failure `limit`
   */
  addOther(characters: number): void {
    this.other += characters;
    this.checkAttachments();
  }

  /** Counts characters of what the service adds by itself, such as its own fields. @throws Failure `limit` */
  addMetadata(characters: number): void {
    this.metadata += characters;
    this.checkAttachments();
  }

  private checkAttachments(): void {
    if (this.other + this.metadata > this.limits.attachments) {
      throw new Failure(
        "limit",
        `The audio, images, probabilities and service fields of the answer are longer than ${this.limits.attachments} characters. Request less of them.`,
      );
    }
  }
}
