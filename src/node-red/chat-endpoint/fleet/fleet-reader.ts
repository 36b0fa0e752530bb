import { readServiceCost } from "../../../core/cost/service-cost.js";
import type { AnswerEnd, FormRequest, FrameWriter } from "../../../serving/form.js";
import type { PieceWriter } from "../../../transport/broker/piece-writer.js";
import type { Answer, AnswerReader } from "../answer.js";
import type { LogEntry } from "../answer-log.js";
import { createFailureData } from "../whole-message.js";

/** Reads one answer for a front at a broker. A failure leaves as it is: the front is the author's own. */
export class FleetReader implements AnswerReader {
  private writer: FrameWriter;
  private cursor: number;
  private hasSent = false;
  private isOver = false;

  constructor(
    private readonly answer: Answer,
    private readonly createWriter: FormRequest["createWriter"],
    private readonly pieces: PieceWriter,
  ) {
    this.cursor = answer.log.start;
    this.writer = createWriter(answer.name);
    pieces.onReady = () => this.wake();
    pieces.onLeave = () => this.leave();
  }

  wake(): void {
    const { answer, pieces } = this;
    const { end, log } = answer;
    // While the broker cannot be reached, the answer waits in memory.
    if (this.isOver || !pieces.isReady) return;
    if (this.cursor < log.start) {
      this.fail("The broker could not be reached for too long, and the answer did not fit into memory.");
      return;
    }
    while (this.cursor < log.end) {
      const frames = this.writeEntry(log.read(this.cursor++));
      if (frames === "") continue;
      pieces.write(this.hasSent ? frames : this.writer.begin() + frames);
      this.hasSent = true;
    }
    if (!end) return;
    if (!end.failure)
      pieces.write((this.hasSent ? "" : this.writer.begin()) + this.writer.end(addCostToUsage(end)));
    this.leave();
    pieces.end(end.failure);
  }

  restart(): void {
    this.cursor = this.answer.log.end;
    if (this.hasSent) this.fail("The answer started over, but the text already sent cannot be taken back.");
    else this.writer = this.createWriter(this.answer.name);
  }

  private writeEntry(entry: LogEntry): string {
    if (typeof entry === "string") return this.writer.writeText(entry);
    return "tool" in entry
      ? this.writer.writeTool(entry.tool)
      : this.writer.writeChunk(entry.chunk, entry.text);
  }

  private fail(text: string): void {
    if (this.isOver) return;
    this.leave();
    this.pieces.end(createFailureData("interrupted", text));
  }

  private leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.answer.removeReader(this);
  }
}

/** Puts the cost where services have it. Only the worker knows it: to the front, the model has a name of the author's. */
function addCostToUsage(end: AnswerEnd): AnswerEnd {
  const { cost, usage } = end;
  if (!cost || !usage || readServiceCost({ choices: [], usage })) return end;
  return { ...end, usage: { ...usage, cost: cost.usd } };
}
