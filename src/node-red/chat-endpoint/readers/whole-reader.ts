import type { ServerResponse } from "node:http";
import { CompletionMachine } from "../../../core/chat/completion.js";
import { type FailureData, toFailure } from "../../../core/failure.js";
import { describeFailure } from "../../../serving/client-failure.js";
import type { AnswerEnd, AnswerName, Form, WholeAnswer } from "../../../serving/form.js";
import type { Answer, AnswerReader } from "../answer.js";
import { createJsonAnswer, sendHttpAnswer } from "../http/http-answer.js";

/** Reads one answer for a client that wants it as a whole. */
export class WholeReader implements AnswerReader {
  private machine = new CompletionMachine();
  private cursor: number;
  private isOver = false;

  constructor(
    private readonly answer: Answer,
    private readonly form: Form,
    private readonly buildBody: (name: AnswerName, answer: WholeAnswer) => unknown,
    private readonly response: ServerResponse,
  ) {
    this.cursor = answer.log.start;
    response.on("close", this.leave);
  }

  wake(): void {
    if (this.isOver) return;
    const { log, end } = this.answer;
    try {
      while (this.cursor < log.end) {
        const entry = log.read(this.cursor++);
        if (typeof entry === "string") this.machine.addText(entry);
        else if ("chunk" in entry) this.machine.addChunk(entry.chunk, entry.text);
      }
      if (end?.failure) this.refuse(end.failure);
      else if (end) this.finish(end);
    } catch (thrown) {
      this.refuse({ ...toFailure(thrown).toJSON(), code: "bad_response" });
    }
  }

  restart(): void {
    this.machine = new CompletionMachine();
    this.cursor = this.answer.log.end;
  }

  private finish(end: AnswerEnd): void {
    const { name } = this.answer;
    const completion = this.machine.buildCompletion(name.id);
    const body = this.buildBody(name, { completion, end });
    this.leave();
    sendHttpAnswer(this.response, createJsonAnswer(body));
  }

  private refuse(failure: FailureData): void {
    this.leave();
    sendHttpAnswer(this.response, this.form.buildError(describeFailure(failure)));
  }

  private readonly leave = (): void => {
    if (this.isOver) return;
    this.isOver = true;
    this.answer.removeReader(this);
  };
}
