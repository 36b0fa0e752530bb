import type { Clock } from "../../core/clock.js";
import type { FailureCode } from "../../core/failure.js";
import { RecentMap } from "../../core/lifecycle/recent-map.js";
import type { AnswerName } from "../../serving/form.js";
import { systemClock } from "../../transport/system-clock.js";
import type { Message } from "../red/api.js";
import { Answer, type AnswerSource, isSecondAnswer, type Reception } from "./answer.js";
import { type Departures, departures } from "./departures.js";
import { readAnswerId } from "./reply-address.js";

/** Answers that may be on their way at once. Each holds a connection and up to 4 MiB of its answer. */
export const MAX_OPEN_ANSWERS = 10_000;

/** Bytes of all answers on their way that are kept, as they are in memory. Beyond that, each keeps its share. */
const MAX_OPEN_BYTES = 256 * 1024 * 1024;

/** How long a flow may go on without a reader. */
export const MAX_DESERTED_MS = 60 * 60 * 1000;

/** How often it is checked whether a flow still gives a sign of life. */
const CHECK_INTERVAL_MS = 1_000;

/** Answers that have come to their own end and are remembered, to notice another answer to the same request. */
const MAX_FINISHED = 10_000;

/** A request whose answer begins. */
export interface NewAnswer {
  name: AnswerName;
  owner: string;
  /** Id of the chat-in that sends the request into the flow. */
  flow: string;
  /** Milliseconds without a message of the flow after which the answer fails. */
  timeoutMs: number;
  /** Whether the flow goes on when nobody reads. */
  goesOn?: boolean;
  /** Called once, when the answer has ended. */
  onEnd(answer: Answer): void;
}

interface OpenAnswer extends NewAnswer {
  answer: Answer;
}

/** The answers that are on their way. Every end goes through here. */
export class Answers {
  private readonly open = new Map<string, OpenAnswer>();
  /** What answers came from that have come to their own end. */
  private readonly finished = new RecentMap<string>(MAX_FINISHED);
  private timer: unknown;

  constructor(
    private readonly clock: Clock,
    private readonly departed: Departures,
  ) {}

  /** @returns undefined if too many answers are on their way */
  begin(request: NewAnswer): Answer | undefined {
    if (this.open.size >= MAX_OPEN_ANSWERS) return undefined;
    const { name, owner, onEnd } = request;
    const answer = new Answer({
      name,
      owner,
      clock: this.clock,
      onEnd: (ended) => {
        this.remove(name.id);
        const { finishedSourceId } = ended;
        if (finishedSourceId !== undefined) this.finished.set(name.id, finishedSourceId);
        onEnd(ended);
      },
      onDeserted: (deserted) => {
        if (!request.goesOn) this.stop(deserted, "cancelled", "The client has left.");
      },
    });
    this.open.set(name.id, { ...request, answer });
    this.timer ??= this.clock.setTimer(this.check, CHECK_INTERVAL_MS);
    return answer;
  }

  find(id: string): Answer | undefined {
    return this.open.get(id)?.answer;
  }

  /** Gives a message of a flow to the answer with this id. */
  receive(id: string, message: Message, source: AnswerSource): Reception {
    const answer = this.find(id);
    if (answer) return answer.receive(message, source);
    const finished = this.finished.get(id);
    return finished !== undefined && isSecondAnswer(message, finished) ? "foreign" : "late";
  }

  /** Counts the answers that a chat-in waits for. */
  count(flow: string): number {
    let count = 0;
    for (const open of this.open.values()) if (open.flow === flow) count++;
    return count;
  }

  /** A node that works on the answer of a message is closed. */
  abandon(message: Message): void {
    const id = readAnswerId(message);
    const answer = id === undefined ? undefined : this.find(id);
    if (answer) this.stop(answer, "interrupted", "The flow was stopped.");
  }

  /** Ends all answers for which `isChosen` returns true: a node that they need is closed. */
  interruptAll(isChosen: (answer: Answer, flow: string) => boolean): void {
    for (const { answer, flow } of [...this.open.values()])
      if (isChosen(answer, flow)) this.stop(answer, "interrupted", "The flow was stopped.");
  }

  /** A client has asked for its end. */
  cancel(answer: Answer): void {
    if (!answer.end) this.stop(answer, "cancelled", "The client stopped the answer.");
  }

  /** Ends an answer as failed, and stops the nodes that work on it: they would work for nobody. */
  private stop(answer: Answer, code: FailureCode, text: string): void {
    this.departed.leave(answer.name.id);
    answer.stopSource();
    answer.fail(code, text);
  }

  private remove(id: string): void {
    this.open.delete(id);
    if (this.open.size > 0) return;
    this.clock.clearTimer(this.timer);
    this.timer = undefined;
  }

  /** Keeps the memory of all answers within bounds. */
  private shrink(): void {
    let size = 0;
    for (const { answer } of this.open.values()) size += answer.log.size;
    if (size <= MAX_OPEN_BYTES) return;
    const share = Math.floor(MAX_OPEN_BYTES / this.open.size);
    for (const { answer } of [...this.open.values()]) answer.shrink(share);
  }

  private readonly check = (): void => {
    this.timer = this.clock.setTimer(this.check, CHECK_INTERVAL_MS);
    const now = this.clock.now();
    this.shrink();
    for (const { answer, timeoutMs } of [...this.open.values()]) {
      if (answer.desertedAt !== undefined && answer.desertedAt + MAX_DESERTED_MS <= now) this.cancel(answer);
      else if (answer.touchedAt + timeoutMs <= now)
        this.stop(answer, "timeout", `The flow sent nothing for ${timeoutMs / 1000} s.`);
    }
  };
}

/** Those of this process: an answer may come to a chat-out of any flow. */
export const answers: Answers = new Answers(systemClock, departures);
