import { Failure } from "../failure.js";
import type { Limits } from "../limits.js";

/** Counts what is kept of an answer and fails once it grows beyond its limits. */
export class AnswerSize {
  private text = 0;
  private other = 0;
  private metadata = 0;

  constructor(readonly limits: Readonly<Limits>) {}

  /** How much the model itself wrote so far: characters of text and bytes of anything else. */
  get contentSize(): number {
    return this.text + this.other;
  }

  /** How much was counted so far. */
  get total(): number {
    return this.text + this.other + this.metadata;
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
   * Counts bytes of the model's other output: audio, images, probabilities, citations.
   * @throws Failure `limit`
   */
  addOther(bytes: number): void {
    this.other += bytes;
    this.checkAttachments();
  }

  /** Counts bytes of what the service adds by itself: names, ids, its own fields. @throws Failure `limit` */
  addMetadata(bytes: number): void {
    this.metadata += bytes;
    this.checkAttachments();
  }

  private checkAttachments(): void {
    if (this.other + this.metadata > this.limits.attachments) {
      throw new Failure(
        "limit",
        `The audio, images, probabilities and service fields of the answer take more than ${this.limits.attachments} bytes of memory. Request less of them.`,
      );
    }
  }
}
