import type { Dispatcher } from "undici";
import type { Clock } from "../../core/clock.js";
import { Failure } from "../../core/failure.js";
import { type Recording, toBytes } from "./recording.js";

/** Something that happens in a recording. */
interface Step {
  /** When it happens, in milliseconds after the request. */
  ms: number;
  run(): void;
}

/** Plays one recording to undici's handler, as a connection would. */
export class PlayedExchange implements Dispatcher.DispatchController {
  rawHeaders = null;
  rawTrailers = null;
  aborted = false;
  paused = false;
  reason: Error | null = null;
  private steps: Iterator<Step> | undefined;
  /** The step that comes next. It waits for its time, or for `resume()`. */
  private next: Step | undefined;
  private startedAt = 0;
  private timer: unknown;
  private isOver = false;

  constructor(
    private readonly handler: Dispatcher.DispatchHandler,
    private readonly clock: Clock,
    /** Whether to leave out the pauses. */
    private readonly atOnce: boolean,
    /** Called once, when the exchange has ended. */
    private readonly onOver: () => void,
  ) {}

  /** Begins to play. Call it once. */
  start(recording: Recording): void {
    if (this.isOver) return;
    this.handler.onRequestStart?.(this, {});
    if (this.isOver) return;
    this.startedAt = this.clock.now();
    this.steps = this.listSteps(recording);
    this.scheduleNext();
  }

  /** Ends with an error, unless it has ended. */
  fail(error: Error): void {
    this.end(() => this.handler.onResponseError?.(this, error));
  }

  abort(reason: Error): void {
    this.aborted = true;
    this.reason = reason;
    // As with a socket, the handler hears of it later.
    queueMicrotask(() => this.fail(reason));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (this.next) this.schedule(this.next);
  }

  private *listSteps({ response, reads, end }: Recording): Generator<Step> {
    if (response) {
      const { ms, status, headers } = response;
      // The handler owns what it gets.
      yield { ms, run: () => this.handler.onResponseStart?.(this, status, { ...headers }) };
    }
    for (const read of reads)
      yield { ms: read[0], run: () => this.handler.onResponseData?.(this, toBytes(read)) };
    yield { ms: end.ms, run: () => this.finish(end) };
  }

  private finish(end: Recording["end"]): void {
    if (end.kind === "end") this.end(() => this.handler.onResponseEnd?.(this, {}));
    else if (end.kind === "failed") {
      const { code, message, phase, retryable } = end.failure;
      this.fail(new Failure(code, message, { phase, retryable }));
    } else {
      this.fail(
        new Failure("interrupted", "The recording ends here: the stream was stopped while it was recorded.", {
          phase: "streaming",
          retryable: false,
        }),
      );
    }
  }

  private scheduleNext(): void {
    const { value, done } = this.steps!.next();
    if (!done) this.schedule(value);
  }

  private schedule(step: Step): void {
    this.next = step;
    if (this.paused) return;
    const runStep = () => {
      if (this.isOver || this.aborted || this.paused || this.next !== step) return;
      this.next = undefined;
      step.run();
      if (!this.isOver && !this.aborted) this.scheduleNext();
    };
    const left = this.atOnce ? 0 : step.ms - (this.clock.now() - this.startedAt);
    // A step that is due runs soon, but never inside of another step.
    if (left <= 0) this.clock.afterReads(runStep);
    else this.timer = this.clock.setTimer(runStep, left);
  }

  private end(report: () => void): void {
    if (this.isOver) return;
    this.isOver = true;
    this.clock.clearTimer(this.timer);
    this.onOver();
    report();
  }
}
