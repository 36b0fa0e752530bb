import type { Fault } from "../models.js";
import { addFault, type Breakage, isPaced, type Step } from "../steps.js";
import type { ResponsesAnswer } from "./answer.js";
import {
  buildCancelEvent,
  buildEvents,
  formatResponsesEvent,
  MALFORMED_EVENT,
  type ResponsesEvent,
} from "./events.js";
import { type AnswerStatus, findEndStatus } from "./response.js";

/** An answer that is being made at the model's pace, whether or not somebody reads it. No timer runs for it. */
export class StoredAnswer {
  private readonly startMs: number;
  private cancelledMs: number | undefined;
  /** Content chunks that some stream has sent. */
  private sentContents = 0;

  /** @param readTime a clock that never goes back, in milliseconds */
  constructor(
    readonly answer: ResponsesAnswer,
    private readonly readTime: () => number,
  ) {
    this.startMs = readTime();
  }

  get ageMs(): number {
    return this.readTime() - this.startMs;
  }

  get status(): AnswerStatus {
    if (this.cancelledMs !== undefined) return "cancelled";
    return this.countMade() < countChunks(this.answer) ? "in_progress" : findEndStatus(this.answer);
  }

  /** Stops the answer where it is. It has no effect on one that has ended. */
  cancel(): void {
    if (this.status === "in_progress") this.cancelledMs = this.readTime();
  }

  /**
   * A stream of the answer. What was made before leaves at once, the rest at the model's pace.
   *
   * @param after number of the last event that the client has; -1: it has none
   * @param fault breaks this stream alone. It counts chunks that no stream has sent, so that each stream comes further
   */
  *stream(after: number, fault?: Fault): Generator<Step> {
    let made = this.countMade();
    let [number, contents] = [0, 0];
    for (const event of this.buildSteps(fault)) {
      if (event.kind === "drop" || event.kind === "stall") {
        yield event;
        return;
      }
      const isWaiting = isPaced(event) ? made-- <= 0 : event.kind === "finish" && made <= 0;
      const isStopped = isWaiting && this.cancelledMs !== undefined;
      const sent = isStopped ? buildCancelEvent(this.answer) : event;
      if (event.kind === "content") this.sentContents = Math.max(this.sentContents, ++contents);
      if (number > after) {
        yield { kind: sent.kind, text: formatResponsesEvent(sent, number), isDue: !isWaiting };
      }
      if (isStopped) return;
      if (event !== MALFORMED_EVENT) number++;
    }
  }

  private buildSteps(fault: Fault | undefined): Iterable<ResponsesEvent | Breakage> {
    const events = buildEvents(this.answer);
    if (!fault) return events;
    const next = { ...fault, after: this.sentContents + fault.after };
    return addFault(events, next, { malformed: MALFORMED_EVENT });
  }

  /** Counts the chunks that have been made so far. */
  private countMade(): number {
    const { pace } = this.answer.model;
    const untilMs = this.cancelledMs ?? this.readTime();
    return pace === 0 ? Number.POSITIVE_INFINITY : Math.floor(((untilMs - this.startMs) * pace) / 1_000);
  }
}

/** Counts the chunks of an answer, up to the fault with which it fails. */
function countChunks({ items, failure }: ResponsesAnswer): number {
  let [reasoning, content] = [0, 0];
  for (const { kind, tokens } of items) {
    if (kind === "reasoning") reasoning += tokens.length;
    else content += tokens.length;
  }
  return reasoning + Math.min(content, failure?.after ?? content);
}
